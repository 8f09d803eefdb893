/** How the client speaks with the server: what it handles itself, and what it adds. */

import * as vscode from "vscode";
import {
  RevealOutputChannelOn,
  vsdiag,
  type LanguageClientOptions,
  type Middleware,
  type StaticFeature,
} from "vscode-languageclient/node";
import { stepsAction } from "./chain.js";
import { rulePage } from "./commands/rules.js";
import { type Work } from "./service.js";
import { type TraceChannel } from "./trace.js";

/** Commands of the server whose answers are shown here, by name. */
export type Interceptors = ReadonlyMap<string, (args: unknown[]) => unknown>;

/** What the options are made of. */
export interface Parts {
  readonly log: vscode.LogOutputChannel;
  readonly trace: TraceChannel;
  readonly settings: (folder: vscode.Uri | undefined) => Record<string, unknown>;
  readonly interceptors: Interceptors;
  readonly busyWith: (work: Work | undefined) => void;
}

export function clientOptions(parts: Parts): LanguageClientOptions {
  return {
    documentSelector: [
      { language: "python", scheme: "file" },
      { language: "python", scheme: "untitled" },
      { language: "python", notebook: "jupyter-notebook" },
    ],
    diagnosticCollectionName: "asyncwise",
    outputChannel: parts.log,
    traceOutputChannel: parts.trace,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationOptions: () => parts.settings(vscode.workspace.workspaceFolders?.[0]?.uri),
    middleware: middleware(parts),
  };
}

function middleware(parts: Parts): Middleware {
  return {
    workspace: {
      configuration: (params, token, next) => {
        void token;
        void next;
        return params.items.map((item) =>
          parts.settings(item.scopeUri === undefined ? undefined : vscode.Uri.parse(item.scopeUri)),
        );
      },
    },
    executeCommand: (command, args, next): unknown => {
      const own = parts.interceptors.get(command);
      return own === undefined ? next(command, args) : own(args);
    },
    // The status item shows it. The library would show it beside, in the same bar.
    handleWorkDoneProgress: (token, params) => {
      const percentage = params.kind === "end" ? undefined : params.percentage;
      parts.busyWith(params.kind === "end" ? undefined : { token, message: params.message ?? "", percentage });
    },
    provideCodeActions: async (document, range, context, token, next) => {
      const actions = (await next(document, range, context, token)) ?? [];
      return [...actions, ...stepsAction(document, range, context)];
    },
    // Rules are explained in the editor, without the network.
    provideDiagnostics: async (document, previous, token, next) => {
      const report = await next(document, previous, token);
      if (report?.kind === vsdiag.DocumentDiagnosticReportKind.full) report.items.forEach(linkToRule);
      return report;
    },
    provideWorkspaceDiagnostics: (previous, token, reporter, next) =>
      next(previous, token, (chunk) => {
        for (const report of chunk?.items ?? [])
          if (report.kind === vsdiag.DocumentDiagnosticReportKind.full) report.items.forEach(linkToRule);
        reporter(chunk);
      }),
  };
}

function linkToRule(diagnostic: vscode.Diagnostic): void {
  const { code } = diagnostic;
  if (typeof code === "object") diagnostic.code = { value: code.value, target: rulePage(String(code.value)) };
}

/** What the extension shows by itself, so that the server need not. */
export const shownHere: StaticFeature = {
  fillClientCapabilities: (capabilities) => {
    capabilities.experimental = {
      ...(capabilities.experimental as object | undefined),
      "asyncwise.showPath": true,
      "asyncwise.hoversFindings": true,
    };
  },
  initialize: () => undefined,
  getState: () => ({ kind: "static" }),
  clear: () => undefined,
};
