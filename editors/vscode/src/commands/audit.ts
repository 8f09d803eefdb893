/** The audit of a folder, as a page in the editor. */

import * as vscode from "vscode";
import { run } from "../program.js";
import { type Service } from "../service.js";
import { commandLine, variables } from "../settings.js";

/** Makes the report of a folder of the workspace, and shows it. */
export async function auditWorkspace(service: Service): Promise<void> {
  const folder = await chooseFolder();
  const { server } = service;
  if (folder === undefined) return;
  if (server === undefined) return void vscode.window.showWarningMessage("The asyncwise server does not run.");
  const settings = service.settings(folder.uri);
  const args = ["audit", "--quiet", "--format", "html", ...commandLine(settings)];
  const surroundings = { cwd: folder.uri.fsPath, variables: variables(settings) };
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: `asyncwise audits ${folder.name}`,
    cancellable: true,
  };
  let page: string;
  try {
    page = await vscode.window.withProgress(options, (_, token) => run(server.path, args, surroundings, token));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return void vscode.window.showErrorMessage(`The audit could not be made: ${reason}`);
  }
  show(folder, page);
}

async function chooseFolder(): Promise<vscode.WorkspaceFolder | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) return void vscode.window.showInformationMessage("Open a folder to audit.");
  return folders.length === 1
    ? folders[0]
    : vscode.window.showWorkspaceFolderPick({ placeHolder: "The folder to audit" });
}

function show(folder: vscode.WorkspaceFolder, page: string): void {
  const title = `Async health of ${folder.name}`;
  const panel = vscode.window.createWebviewPanel("asyncwise.audit", title, vscode.ViewColumn.Active, {
    enableScripts: true,
    enableFindWidget: true,
    localResourceRoots: [],
    retainContextWhenHidden: true,
  });
  panel.webview.html = fitIn(page);
  panel.webview.onDidReceiveMessage((message: unknown) => {
    if (typeof message === "string") void open(folder, message);
  });
}

/** Opens a place that the report names: `app/main.py#L12`. Nothing outside of the folder. */
async function open(folder: vscode.WorkspaceFolder, place: string): Promise<void> {
  const [file = "", line = "1"] = place.split("#L");
  const uri = vscode.Uri.joinPath(folder.uri, decodeURIComponent(file));
  if (!uri.path.startsWith(`${folder.uri.path}/`)) return;
  const at = new vscode.Position(Math.max(0, Number.parseInt(line, 10) - 1), 0);
  // Beside the report, in the same place for all of its links.
  await vscode.window.showTextDocument(uri, {
    selection: new vscode.Range(at, at),
    viewColumn: vscode.ViewColumn.Beside,
    preview: true,
  });
}

/** The report in the colours of the editor; its links open files. Its policy allows scripts of the page itself, and nothing else. */
function fitIn(page: string): string {
  return page
    .replace("</head>", () => `<style>${COLOURS}</style></head>`)
    .replace("</body>", () => `<script>${LINKS}</script></body>`);
}

const COLOURS = `
html body { --paper: var(--vscode-editor-background); --ink: var(--vscode-editor-foreground); --soft: var(--vscode-descriptionForeground);
  --line: var(--vscode-panel-border, var(--vscode-widget-border)); --raised: var(--vscode-editorWidget-background);
  --link: var(--vscode-textLink-foreground); --error: var(--vscode-editorError-foreground); --warning: var(--vscode-editorWarning-foreground);
  font-family: var(--vscode-font-family); padding: 0; }
html body.vscode-dark { --coroutine: #6ea8ee; --function: #98a2ad; --module: #b79be0; --outside: #f08a64; --chosen: #4a3f14;
  --edge: #6f7a85; --remark: #7db6f5; --hint: #9aa5b0; }
html body.vscode-light { --coroutine: #2563b0; --function: #6b7480; --module: #7a5ba6; --outside: #b3401c; --chosen: #fff3c4;
  --edge: #8a949e; --remark: #2563b0; --hint: #5b6570; }
html body code { color: inherit; background: none; }
`;

const LINKS = `
(() => {
  const editor = acquireVsCodeApi();
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    const place = link?.getAttribute("href");
    if (!place || place.startsWith("#")) return;
    event.preventDefault();
    editor.postMessage(place);
  });
})();
`;
