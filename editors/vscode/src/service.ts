/** The server, from when it is found to when it ends. */

import { homedir } from "node:os";
import * as vscode from "vscode";
import {
  DidChangeConfigurationNotification,
  ExecuteCommandRequest,
  LanguageClient,
  State,
  WorkDoneProgressCancelNotification,
  type ProgressToken,
} from "vscode-languageclient/node";
import { clientOptions, shownHere, type Interceptors } from "./client.js";
import { type Environments } from "./python.js";
import { candidates, fillIn } from "./server/candidates.js";
import { find, wordsFor, type Found, type NotFound, type Search, type Tried } from "./server/find.js";
import { probe } from "./server/probe.js";
import { report } from "./server/report.js";
import { settingsForServer } from "./settings.js";
import { type TraceChannel } from "./trace.js";

/** How far the server is. */
export type Status =
  | { readonly kind: "stopped" }
  | { readonly kind: "starting" }
  | { readonly kind: "running"; readonly server: Found; readonly work: Work | undefined }
  | { readonly kind: "failed"; readonly message: string };

/** What the server is busy with, and can be told to stop. */
export interface Work {
  readonly token: ProgressToken;
  readonly message: string;
  /** From 0 to 100; undefined where nobody knows. */
  readonly percentage: number | undefined;
}

/** What a service is made of. */
export interface Parts {
  readonly extension: vscode.Uri;
  readonly environments: Environments;
  readonly log: vscode.LogOutputChannel;
  readonly trace: TraceChannel;
  readonly interceptors: Interceptors;
}

/** Starts the server, and starts another where what decides about it has changed. */
export class Service implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private current: Status = { kind: "stopped" };
  private tried: readonly Tried[] = [];
  private readonly statuses = new vscode.EventEmitter<Status>();
  /** Starts and stops come one after the other. */
  private queue: Promise<void> = Promise.resolve();

  readonly onDidChangeStatus = this.statuses.event;

  constructor(private readonly parts: Parts) {}

  get status(): Status {
    return this.current;
  }

  /** The client, while its server runs. */
  get running(): LanguageClient | undefined {
    return this.client?.isRunning() === true ? this.client : undefined;
  }

  /** The program that runs. */
  get server(): Found | undefined {
    return this.current.kind === "running" ? this.current.server : undefined;
  }

  start(): Promise<void> {
    return this.enqueue(() => this.doStart());
  }

  /** Ends the server, looks for it anew, and starts it. */
  restart(): Promise<void> {
    return this.enqueue(async () => {
      await this.doStop();
      await this.doStart();
    });
  }

  stop(): Promise<void> {
    return this.enqueue(() => this.doStop());
  }

  /** Another environment may hold another server, or other packages. */
  async environmentChanged(): Promise<void> {
    const before = this.server;
    if (before === undefined) return this.restart();
    const search = await this.search(() => undefined);
    if ("found" in search && search.found.path === before.path) await this.settingsChanged();
    else await this.restart();
  }

  /** The server asks for its settings again. */
  async settingsChanged(): Promise<void> {
    await this.running?.sendNotification(DidChangeConfigurationNotification.type, { settings: null });
  }

  /** Executes a command of the server. Undefined where no server runs. */
  async execute<T>(command: string, ...args: unknown[]): Promise<T | undefined> {
    const client = this.running;
    if (client === undefined) {
      await this.sayItDoesNotRun();
      return undefined;
    }
    return client.sendRequest<T>(ExecuteCommandRequest.method, { command, arguments: args });
  }

  /** The server's settings for a folder. */
  settings(folder: vscode.Uri | undefined): Record<string, unknown> {
    const section: unknown = vscode.workspace.getConfiguration(undefined, folder ?? null).get("asyncwise");
    const python = this.parts.environments.selected(folder);
    return settingsForServer(section, { python, fillIn: (path) => fillInFor(folder, path) });
  }

  /** Versions, settings and sizes, as the server tells them; where none runs, what was tried and why. */
  async debugInformation(): Promise<string> {
    const client = this.running;
    if (client !== undefined) {
      const server = this.server === undefined ? "" : `server: ${this.server.path} (${wordsFor(this.server.origin)})\n`;
      const params = { command: "asyncwise.debugInformation", arguments: [] };
      return server + (await client.sendRequest<string>(ExecuteCommandRequest.method, params));
    }
    return report({
      why: this.current.kind === "failed" ? this.current.message : `it is ${this.current.kind}`,
      isTrusted: vscode.workspace.isTrusted,
      tried: this.tried,
      settings: this.settings(vscode.workspace.workspaceFolders?.[0]?.uri),
    });
  }

  /** Stops what the server is busy with. */
  async cancelWork(): Promise<void> {
    const work = this.current.kind === "running" ? this.current.work : undefined;
    if (work !== undefined)
      await this.running?.sendNotification(WorkDoneProgressCancelNotification.type, { token: work.token });
  }

  dispose(): void {
    void this.stop();
    this.statuses.dispose();
  }

  private async sayItDoesNotRun(): Promise<void> {
    const message = this.current.kind === "failed" ? this.current.message : "The asyncwise server does not run.";
    if ((await vscode.window.showWarningMessage(message, "Restart Server")) !== undefined) await this.restart();
  }

  private enqueue(work: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(work).catch((error: unknown) => {
      this.parts.log.error(String(error));
    });
    return this.queue;
  }

  private search(log: (line: string) => void): Promise<Search> {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const folders = vscode.workspace.workspaceFolders ?? [];
    const selected = [this.parts.environments.selected(folder)].filter((path) => path !== undefined);
    // What most tools make, for people without the Python extension.
    const usual = folders
      .filter((one) => one.uri.scheme === "file")
      .map((one) => vscode.Uri.joinPath(one.uri, ".venv").fsPath);
    const around = {
      platform: process.platform,
      isTrusted: vscode.workspace.isTrusted,
      setting: fillInFor(folder, vscode.workspace.getConfiguration("asyncwise").get<string>("path", "")),
      environments: selected.length > 0 ? selected : usual,
      searchPath: process.env.PATH ?? "",
      extension: this.parts.extension.fsPath,
    };
    return find(candidates(around), around.isTrusted, probe, log);
  }

  private async doStart(): Promise<void> {
    const { log } = this.parts;
    this.become({ kind: "starting" });
    const search = await this.search((line) => log.warn(line));
    this.tried = search.tried;
    if ("notFound" in search) {
      this.fail(search.notFound);
      return;
    }
    const { found } = search;
    log.info(`starting ${found.path} (${wordsFor(found.origin)}), version ${found.version}`);
    const client = new LanguageClient(
      "asyncwise",
      "asyncwise",
      { command: found.path, args: ["server"] },
      clientOptions({
        log,
        trace: this.parts.trace,
        settings: (folder) => this.settings(folder),
        interceptors: this.parts.interceptors,
        busyWith: (work) => this.busyWith(work),
      }),
    );
    client.registerFeature(shownHere);
    client.onDidChangeState(({ newState }) => {
      if (this.client !== client) return;
      if (newState === State.Running) this.become({ kind: "running", server: found, work: undefined });
      else if (newState === State.Starting) this.become({ kind: "starting" });
      else this.become({ kind: "failed", message: "The asyncwise server has stopped." });
    });
    this.client = client;
    try {
      await client.start();
    } catch (error) {
      this.fail({
        message: `asyncwise cannot start ${found.path} (${wordsFor(found.origin)}): ${String(error)}`,
        isAboutSetting: false,
      });
    }
  }

  private async doStop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    this.become({ kind: "stopped" });
    // A server that hangs or never started is not waited for.
    await client?.dispose().catch((error: unknown) => this.parts.log.warn(String(error)));
  }

  /** Nobody waits until the message is read. */
  private fail(why: NotFound): void {
    this.parts.log.error(why.message);
    this.become({ kind: "failed", message: why.message });
    const buttons = ["Show Logs", ...(why.isAboutSetting ? ["Open Settings"] : [])];
    void vscode.window.showErrorMessage(why.message, ...buttons).then((button) => {
      if (button === "Show Logs") this.parts.log.show();
      if (button === "Open Settings") void openSetting();
    });
  }

  private busyWith(work: Work | undefined): void {
    if (this.current.kind === "running") this.become({ ...this.current, work });
  }

  private become(status: Status): void {
    this.current = status;
    this.statuses.fire(status);
  }
}

function fillInFor(folder: vscode.Uri | undefined, path: string): string {
  return fillIn(path, { home: homedir(), folder: folder?.fsPath, variables: process.env });
}

/** Shows where the server is named. A remote machine has paths of its own, which the user's settings do not show. */
async function openSetting(): Promise<void> {
  const query = "@id:asyncwise.path";
  if (vscode.env.remoteName === undefined) await vscode.commands.executeCommand("workbench.action.openSettings", query);
  else await vscode.commands.executeCommand("workbench.action.openWorkspaceSettings", { query });
}
