/** All safe fixes of a file, and of all files. */

import * as vscode from "vscode";
import { type WorkspaceEdit } from "vscode-languageclient/node";
import { type Service } from "../service.js";

/** Applies the safe fixes of the active file or notebook. */
export async function fixAllInFile(service: Service): Promise<void> {
  const cells = vscode.window.activeNotebookEditor?.notebook.getCells().map((cell) => cell.document);
  const documents = (cells ?? [vscode.window.activeTextEditor?.document]).filter(
    (document) => document?.languageId === "python",
  );
  if (documents.length === 0)
    return void vscode.window.showInformationMessage("Open a Python file or a notebook to fix.");
  // The edits of one cell may be in another: each is asked for once the one before is done.
  for (const document of documents) await service.execute("asyncwise.fixAll", document?.uri.toString());
}

/** Applies the safe fixes of all files of the workspace, once the user has seen how many they are. */
export async function fixAllInWorkspace(service: Service): Promise<void> {
  const edit = await service.execute<WorkspaceEdit | null>("asyncwise.fixWorkspace", false);
  const client = service.running;
  if (edit === undefined || client === undefined) return;
  if (edit === null)
    return void vscode.window.showInformationMessage("There is nothing that asyncwise can fix safely.");
  const changes = await client.protocol2CodeConverter.asWorkspaceEdit(edit);
  const files = changes.entries();
  const count = files.reduce((sum, [, edits]) => sum + edits.length, 0);
  const question = `Apply ${count} safe ${count === 1 ? "edit" : "edits"} in ${files.length} ${files.length === 1 ? "file" : "files"}?`;
  const answer = await vscode.window.showInformationMessage(
    question,
    { modal: true, detail: "Files that are not open are opened, and not saved." },
    "Apply",
    "Preview",
  );
  if (answer === undefined) return;
  const isPreview = answer === "Preview";
  const applied = await vscode.workspace.applyEdit(isPreview ? confirmed(changes) : changes, { isRefactoring: true });
  if (!applied && !isPreview)
    void vscode.window.showWarningMessage("The fixes were not applied: a file has changed meanwhile.");
}

/** The same edits, each to be confirmed in the editor's preview of refactorings. */
function confirmed(changes: vscode.WorkspaceEdit): vscode.WorkspaceEdit {
  const result = new vscode.WorkspaceEdit();
  const about = { needsConfirmation: true, label: "Safe fixes of asyncwise" };
  for (const [uri, edits] of changes.entries())
    for (const edit of edits) result.replace(uri, edit.range, edit.newText, about);
  return result;
}
