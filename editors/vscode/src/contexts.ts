/** What the manifest's `when` clauses and the walkthrough ask for. */

import * as vscode from "vscode";
import { type Service, type Status } from "./service.js";

/** Keeps the context keys as the service is. */
export function contextKeys(service: Service): vscode.Disposable {
  const known = new Map<string, boolean>();
  const set = (key: string, value: boolean): void => {
    // Progress comes often, and changes nothing here.
    if (known.get(key) === value) return;
    known.set(key, value);
    void vscode.commands.executeCommand("setContext", `asyncwise.${key}`, value);
  };
  const update = (status: Status): void => {
    set("isIndexing", status.kind === "running" && status.work !== undefined);
    set("hasServer", status.kind === "running");
    // Not while one is looked for.
    if (status.kind === "failed" || status.kind === "running") set("lacksServer", status.kind === "failed");
  };
  const findings = vscode.languages.onDidChangeDiagnostics(({ uris }) => {
    const isFinding = (one: vscode.Diagnostic): boolean => one.source === "asyncwise";
    if (!uris.some((uri) => vscode.languages.getDiagnostics(uri).some(isFinding))) return;
    set("hasFinding", true);
    findings.dispose();
  });
  update(service.status);
  return vscode.Disposable.from(service.onDidChangeStatus(update), findings);
}
