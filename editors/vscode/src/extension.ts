/** The extension: what is there from its activation to its end. */

import * as vscode from "vscode";
import { type Interceptors } from "./client.js";
import { auditWorkspace } from "./commands/audit.js";
import { fixAllInFile, fixAllInWorkspace } from "./commands/fix.js";
import { peekChain, placeOf, showPath, stepThroughChain } from "./commands/paths.js";
import { explainRule, rulePages } from "./commands/rules.js";
import { contextKeys } from "./contexts.js";
import { Environments } from "./python.js";
import { Service } from "./service.js";
import { statusItem } from "./status.js";
import { TraceChannel } from "./trace.js";

let service: Service | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("asyncwise", { log: true });
  const trace = new TraceChannel("asyncwise trace");
  const environments = new Environments();
  const interceptors: Interceptors = new Map<string, (args: unknown[]) => unknown>([
    ["asyncwise.showPath", (args: unknown[]) => showPath(running, placeOf(args))],
    ["asyncwise.explain", ([rule]: unknown[]) => explainRule(running, rule)],
    // Its own command says what was found, and starts what may be another program.
    ["asyncwise.restart", () => running.restart()],
  ]);
  const running: Service = new Service({ extension: context.extensionUri, environments, log, trace, interceptors });
  service = running;

  const commands: Record<string, (...args: unknown[]) => unknown> = {
    "asyncwise.restartServer": () => running.restart(),
    "asyncwise.showLogs": () => log.show(),
    "asyncwise.showPathHere": (...args) => showPath(running, placeOf(args)),
    "asyncwise.stepThroughChain": (...args) => stepThroughChain(running, placeOf(args)),
    "asyncwise.peekChain": (...args) => peekChain(running, placeOf(args)),
    "asyncwise.auditWorkspace": () => auditWorkspace(running),
    "asyncwise.explainRule": (rule) => explainRule(running, rule),
    "asyncwise.fixAllInFile": () => fixAllInFile(running),
    "asyncwise.fixAllInWorkspace": () => fixAllInWorkspace(running),
    "asyncwise.showDebugInformation": () => showDebugInformation(running, context.extension),
    "asyncwise.stopIndexing": () => running.cancelWork(),
  };
  for (const [name, command] of Object.entries(commands))
    context.subscriptions.push(vscode.commands.registerCommand(name, command));

  context.subscriptions.push(
    log,
    trace,
    environments,
    rulePages(running),
    statusItem(running),
    contextKeys(running),
    environments.onDidChange(() => running.environmentChanged()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => running.restart()),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("asyncwise.path")) void running.restart();
    }),
  );

  if (vscode.workspace.isTrusted) await environments.start();
  await running.start();
}

export async function deactivate(): Promise<void> {
  await service?.stop();
}

/** What a bug report needs, in a text to copy from. */
async function showDebugInformation(running: Service, extension: vscode.Extension<unknown>): Promise<void> {
  const content = await running.debugInformation();
  const { version } = extension.packageJSON as { version: string };
  const editor = `${vscode.env.appName} ${vscode.version}, extension host on ${process.platform} ${process.arch}, extension ${version}`;
  const document = await vscode.workspace.openTextDocument({ content: `${editor}\n${content}`, language: "yaml" });
  await vscode.window.showTextDocument(document);
}
