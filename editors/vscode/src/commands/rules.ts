/** The pages of the rules, shown as Markdown without the network. */

import * as vscode from "vscode";
import { findingAt } from "../chain.js";
import { run } from "../program.js";
import { type Service } from "../service.js";

const SCHEME = "asyncwise-rule";

/** A rule as `asyncwise rules --output-format json` lists it. */
interface Rule {
  readonly name: string;
  readonly group: string;
  readonly summary: string;
}

/** Gives the texts of the pages. */
export function rulePages(service: Service): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    provideTextDocumentContent: async (uri) => (await service.execute<string>("asyncwise.explain", nameOf(uri))) ?? "",
  });
}

/** Shows the page of a rule: the one that is named, or one that the user chooses; the rule of the finding here comes first. */
export async function explainRule(service: Service, name: unknown): Promise<void> {
  const rule = typeof name === "string" ? name : await choose(service);
  if (rule === undefined) return;
  const [uri, preview] = [rulePage(rule), "vscode.markdown.preview.editor"];
  await vscode.commands.executeCommand("vscode.openWith", uri, preview, vscode.ViewColumn.Beside);
}

/** Where the page of a rule is. The manifest says that it opens as a preview. */
export function rulePage(rule: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/${rule}.md` });
}

function nameOf(uri: vscode.Uri): string {
  return uri.path.replace(/^\/|\.md$/g, "");
}

async function choose(service: Service): Promise<string | undefined> {
  const { server } = service;
  if (server === undefined) return void vscode.window.showWarningMessage("The asyncwise server does not run.");
  const rules = JSON.parse(await run(server.path, ["rules", "--output-format", "json"], {})) as Rule[];
  const here = ruleHere();
  rules.sort(
    (one, other) => Number(other.name === here) - Number(one.name === here) || one.name.localeCompare(other.name),
  );
  const items = rules.map((rule) => ({
    label: rule.name,
    description: rule.name === here ? "the finding here" : rule.group,
    detail: rule.summary,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: "Explain a rule",
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return chosen?.label;
}

function ruleHere(): string | undefined {
  const editor = vscode.window.activeTextEditor;
  const code = editor === undefined ? undefined : findingAt(editor.document.uri, editor.selection.active)?.code;
  return typeof code === "object" ? String(code.value) : undefined;
}
