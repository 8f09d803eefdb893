/** The chain of calls from a finding to its cause: read from the finding, stepped through, and peeked at. */

import * as path from "node:path";
import * as vscode from "vscode";

/** A place on the way, and what happens there. */
export interface Step {
  readonly message: string;
  readonly location: vscode.Location;
}

/** A way from where code enters the event loop to what it does there. */
export interface Way {
  readonly title: string;
  readonly steps: readonly Step[];
}

/** The finding of asyncwise at a place; of several the one that starts last, which is the innermost. */
export function findingAt(uri: vscode.Uri, position: vscode.Position): vscode.Diagnostic | undefined {
  const here = vscode.languages
    .getDiagnostics(uri)
    .filter((one) => one.source === "asyncwise" && one.range.contains(position));
  return here.sort((one, other) => other.range.start.compareTo(one.range.start))[0];
}

/** The finding itself, and then its chain. */
export function wayOf(uri: vscode.Uri, finding: vscode.Diagnostic): Way {
  const related = finding.relatedInformation ?? [];
  const first = { message: finding.message, location: new vscode.Location(uri, finding.range) };
  const rule = typeof finding.code === "object" ? finding.code.value : finding.code;
  return { title: `${rule ?? "asyncwise"}: ${words(related.length)} to the cause`, steps: [first, ...related] };
}

/** Shows the steps in a peek view below a place. */
export async function peek(uri: vscode.Uri, position: vscode.Position, way: Way): Promise<void> {
  // What stands where the view opens is seen anyway.
  const others = way.steps.filter(
    ({ location }) => location.uri.toString() !== uri.toString() || !location.range.contains(position),
  );
  const locations = (others.length > 0 ? others : way.steps).map((step) => step.location);
  await vscode.commands.executeCommand("editor.action.peekLocations", uri, position, locations, "peek");
}

/** `3 calls`. */
function words(count: number): string {
  return `${count} ${count === 1 ? "call" : "calls"}`;
}

/** The action that steps through the chain of a finding, where it has one. */
export function stepsAction(
  document: vscode.TextDocument,
  range: vscode.Range,
  context: vscode.CodeActionContext,
): vscode.CodeAction[] {
  const isWanted = context.only === undefined || context.only.contains(vscode.CodeActionKind.QuickFix);
  const isAsked = context.triggerKind === vscode.CodeActionTriggerKind.Invoke;
  if (!isWanted || !isAsked) return [];
  const finding = context.diagnostics.find(
    (one) =>
      one.source === "asyncwise" &&
      (one.relatedInformation?.length ?? 0) > 0 &&
      one.range.intersection(range) !== undefined,
  );
  if (finding === undefined) return [];
  const { start } = finding.range;
  const title = `Step through the chain (${words(finding.relatedInformation?.length ?? 0)})`;
  const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
  action.diagnostics = [finding];
  // Plain data: an action goes to the server and back before it is carried out.
  action.command = {
    command: "asyncwise.stepThroughChain",
    title,
    arguments: [document.uri.toString(), { line: start.line, character: start.character }],
  };
  return [action];
}

interface Item extends vscode.QuickPickItem {
  readonly step?: Step;
}

const PEEK: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("list-tree"), tooltip: "Peek at all steps" };

/**
 * A list of the steps. The one that is chosen is shown in the editor behind it; Enter stays there, Escape goes back to
 * where it began.
 */
export async function stepThrough(ways: readonly Way[], origin: vscode.Location): Promise<void> {
  const mark = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor("peekViewEditor.matchHighlightBackground"),
  });
  const pick = vscode.window.createQuickPick<Item>();
  pick.title = ways.length === 1 ? ways[0]?.title : `${ways.length} paths lead through here`;
  pick.placeholder = "Arrow keys show a step, Enter stays there, Escape goes back";
  pick.matchOnDescription = true;
  pick.buttons = ways.length === 1 ? [PEEK] : [];
  pick.items = ways.flatMap((way) => itemsOf(way, ways.length > 1));
  let isAccepted = false;
  const show = async (step: Step): Promise<void> => {
    const editor = await reveal(step.location, true);
    if (pick.activeItems[0]?.step === step) editor?.setDecorations(mark, [step.location.range]);
  };
  pick.onDidChangeActive(([item]) => {
    for (const editor of vscode.window.visibleTextEditors) editor.setDecorations(mark, []);
    if (item?.step !== undefined) void show(item.step);
  });
  pick.onDidTriggerButton(() => {
    const [way] = ways;
    pick.hide();
    if (way !== undefined) void peek(origin.uri, origin.range.start, way);
  });
  pick.onDidAccept(() => {
    const step = pick.activeItems[0]?.step;
    isAccepted = step !== undefined;
    pick.hide();
    if (step !== undefined) void reveal(step.location, false);
  });
  pick.onDidHide(() => {
    mark.dispose();
    pick.dispose();
    if (!isAccepted) void reveal(origin, false);
  });
  pick.show();
  await Promise.resolve();
}

function itemsOf(way: Way, withTitle: boolean): Item[] {
  const title: Item[] = withTitle ? [{ label: way.title, kind: vscode.QuickPickItemKind.Separator }] : [];
  const steps = way.steps.map((step) => ({ label: placeOf(step.location), description: step.message, step }));
  return [...title, ...steps];
}

/** `app/main.py:12`. */
function placeOf(location: vscode.Location): string {
  const name = vscode.workspace.asRelativePath(location.uri.with({ fragment: "" }));
  return `${path.posix.normalize(name)}:${location.range.start.line + 1}`;
}

/** Shows a place. Cells are shown in their notebook, which has no text editor of its own to answer with. */
async function reveal(location: vscode.Location, isPreview: boolean): Promise<vscode.TextEditor | undefined> {
  const { uri } = location;
  const selection = isPreview ? new vscode.Range(location.range.start, location.range.start) : location.range;
  const options = { selection, preserveFocus: isPreview, preview: isPreview };
  if (uri.scheme === "file" || uri.scheme === "untitled") return vscode.window.showTextDocument(uri, options);
  await vscode.commands.executeCommand("vscode.open", uri, options);
  return vscode.window.visibleTextEditors.find((editor) => editor.document.uri.toString() === uri.toString());
}
