/** The Python environment of a folder, as the Python extension (`ms-python.python`) knows it. */

import * as vscode from "vscode";

/** How long the Python extension may hold up the start of the server, in milliseconds. What it says later is heard, too. */
const PATIENCE = 1_500;

/** The part of the Python extension's interface that is used. */
interface PythonApi {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string } | undefined;
    readonly onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

/** The environments that are selected in the Python extension. */
export class Environments implements vscode.Disposable {
  private api: PythonApi | undefined;
  private readonly changed = new vscode.EventEmitter<void>();
  private subscription: vscode.Disposable | undefined;
  private isDisposed = false;

  /** Another environment was selected, or the Python extension is there now. */
  readonly onDidChange = this.changed.event;

  /** Starts the Python extension if it is installed, and waits a moment for it. */
  async start(): Promise<void> {
    const extension = vscode.extensions.getExtension<PythonApi>("ms-python.python");
    if (extension === undefined) return;
    let isLate = false;
    const active = Promise.resolve(extension.activate()).then(
      (api) => {
        this.use(api);
        if (isLate) this.changed.fire();
      },
      // Its own mistakes are told of by itself.
      () => undefined,
    );
    await Promise.race([active, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
    isLate = true;
  }

  private use(api: PythonApi | undefined): void {
    if (this.isDisposed) return;
    this.api = api;
    this.subscription = api?.environments?.onDidChangeActiveEnvironmentPath(() => this.changed.fire());
  }

  /** The environment selected for a folder: its directory, or an interpreter in it. */
  selected(folder: vscode.Uri | undefined): string | undefined {
    const path = this.api?.environments?.getActiveEnvironmentPath(folder)?.path;
    // The bare command `python` stands for none that is known.
    return path !== undefined && /[/\\]/.test(path) ? path : undefined;
  }

  dispose(): void {
    this.isDisposed = true;
    this.subscription?.dispose();
    this.changed.dispose();
  }
}
