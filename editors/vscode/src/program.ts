/** Runs the found program once, as from a command line. */

import { execFile } from "node:child_process";
import type * as vscode from "vscode";

/** The most that is read of what it prints: the audit of a very large project. */
const MOST = 256 * 1024 * 1024;

/** Where and how it runs. */
export interface Surroundings {
  readonly cwd?: string;
  /** Variables beside those of the editor. */
  readonly variables?: NodeJS.ProcessEnv;
}

/**
 * What it prints. Rejects with what it says is wrong when it does not do its work, and with its own word when `token` is
 * cancelled.
 */
export function run(
  program: string,
  args: readonly string[],
  { cwd, variables }: Surroundings,
  token?: vscode.CancellationToken,
): Promise<string> {
  const options = { cwd, env: { ...process.env, ...variables }, maxBuffer: MOST, windowsHide: true };
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      subscription?.dispose();
      if (error === null) resolve(stdout);
      else reject(new Error(stderr.trim() === "" ? error.message : stderr.trim()));
    });
    const subscription = token?.onCancellationRequested(() => child.kill());
  });
}
