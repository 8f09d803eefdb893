/**
 * The messages between editor and server, in a channel of their own. The library writes them when the level of that
 * channel is `Trace`, which a person would have to set as well; here the setting `asyncwise.trace.server` says all.
 */

import * as vscode from "vscode";

/** The channel, and whether the setting asks for it. */
export class TraceChannel implements vscode.LogOutputChannel {
  private readonly channel: vscode.OutputChannel;
  private readonly levels = new vscode.EventEmitter<vscode.LogLevel>();
  private readonly subscription: vscode.Disposable;

  readonly onDidChangeLogLevel = this.levels.event;
  readonly name: string;

  constructor(name: string) {
    this.channel = vscode.window.createOutputChannel(name, "log");
    this.name = name;
    this.subscription = vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("asyncwise.trace.server")) this.levels.fire(this.logLevel);
    });
  }

  get logLevel(): vscode.LogLevel {
    const setting = vscode.workspace.getConfiguration("asyncwise").get<string>("trace.server", "off");
    return setting === "off" ? vscode.LogLevel.Off : vscode.LogLevel.Trace;
  }

  trace(message: string, ...rest: unknown[]): void {
    const now = new Date().toISOString().slice(11, 23);
    this.channel.appendLine(
      [
        `${now} ${message}`,
        ...rest.map((part) => (typeof part === "string" ? part : JSON.stringify(part, undefined, 2))),
      ].join("\n"),
    );
  }

  debug(message: string, ...rest: unknown[]): void {
    this.trace(message, ...rest);
  }

  info(message: string, ...rest: unknown[]): void {
    this.trace(message, ...rest);
  }

  warn(message: string, ...rest: unknown[]): void {
    this.trace(message, ...rest);
  }

  error(message: string | Error, ...rest: unknown[]): void {
    this.trace(typeof message === "string" ? message : message.message, ...rest);
  }

  append(value: string): void {
    this.channel.append(value);
  }

  appendLine(value: string): void {
    this.channel.appendLine(value);
  }

  replace(value: string): void {
    this.channel.replace(value);
  }

  clear(): void {
    this.channel.clear();
  }

  show(columnOrPreserve?: vscode.ViewColumn | boolean, preserveFocus?: boolean): void {
    this.channel.show(typeof columnOrPreserve === "boolean" ? columnOrPreserve : preserveFocus);
  }

  hide(): void {
    this.channel.hide();
  }

  dispose(): void {
    this.subscription.dispose();
    this.levels.dispose();
    this.channel.dispose();
  }
}
