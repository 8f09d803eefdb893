/** The item in the status bar: whether the server runs, which one, and how far it has read the project. */

import * as vscode from "vscode";
import { wordsFor } from "./server/find.js";
import { type Service, type Status } from "./service.js";

/** What a click does: all commands, to choose from. */
const COMMANDS: vscode.Command = {
  title: "Commands",
  command: "workbench.action.quickOpen",
  arguments: [">asyncwise: "],
};

export function statusItem(service: Service): vscode.Disposable {
  const item = vscode.window.createStatusBarItem("asyncwise.status", vscode.StatusBarAlignment.Right, 100);
  item.name = "asyncwise";
  item.command = COMMANDS;
  const update = (): void => {
    draw(item, service.status);
    if (isOfInterest(service.status)) item.show();
    else item.hide();
  };
  update();
  return vscode.Disposable.from(
    item,
    service.onDidChangeStatus(update),
    vscode.window.onDidChangeActiveTextEditor(update),
    vscode.window.onDidChangeActiveNotebookEditor(update),
  );
}

/** Beside Python, where nothing else is open, and when something is wrong. */
function isOfInterest(status: Status): boolean {
  const language = vscode.window.activeTextEditor?.document.languageId;
  const isPythonOrNone = language === undefined || language === "python";
  return isPythonOrNone || vscode.window.activeNotebookEditor !== undefined || status.kind === "failed";
}

function draw(item: vscode.StatusBarItem, status: Status): void {
  const tooltip = new vscode.MarkdownString("", true);
  tooltip.isTrusted = {
    enabledCommands: [
      "asyncwise.restartServer",
      "asyncwise.showLogs",
      "asyncwise.stopIndexing",
      "asyncwise.auditWorkspace",
    ],
  };
  item.backgroundColor = undefined;
  switch (status.kind) {
    case "stopped":
      item.text = "$(circle-slash) asyncwise";
      tooltip.appendMarkdown("asyncwise does not run");
      break;
    case "starting":
      item.text = "$(sync~spin) asyncwise";
      tooltip.appendMarkdown("asyncwise is starting");
      break;
    case "failed":
      item.text = "$(error) asyncwise";
      item.backgroundColor = new vscode.ThemeColor("statusBarItem.errorBackground");
      tooltip.appendText(status.message);
      break;
    case "running": {
      const { server, work } = status;
      const percent = work?.percentage === undefined ? "" : ` ${work.percentage}%`;
      item.text = work === undefined ? "$(pass) asyncwise" : `$(sync~spin) asyncwise${percent}`;
      tooltip
        .appendMarkdown(`**asyncwise ${server.version}** · ${wordsFor(server.origin)}\n\n`)
        .appendMarkdown(server.origin === "bundled" ? "" : `\`${server.path}\`\n\n`);
      if (work !== undefined)
        tooltip
          .appendText(`${work.message || "Reading the project"}${percent}`)
          .appendMarkdown(" · [Stop](command:asyncwise.stopIndexing)\n\n");
    }
  }
  const links = [
    "[Restart](command:asyncwise.restartServer)",
    "[Logs](command:asyncwise.showLogs)",
    ...(status.kind === "running" ? ["[Audit](command:asyncwise.auditWorkspace)"] : []),
  ];
  tooltip.appendMarkdown(`\n\n${links.join(" · ")}`);
  item.tooltip = tooltip;
  item.accessibilityInformation = { label: item.text.replace(/\$\([^)]*\) ?/g, ""), role: "button" };
}
