/** Runs the found program once, as from a command line. */

import { execFile } from "node:child_process";
import type * as vscode from "vscode";

/** The most that is read of what it prints: the audit of a very large project. */
const MOST = 256 * 1024 * 1024;

/**
 * What it prints. Rejects with what it says is wrong when it does not do its work, and with its own word when `token` is
 * cancelled.
 */
export function run(
  program: string,
  args: readonly string[],
  cwd: string | undefined,
  token?: vscode.CancellationToken,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const process = execFile(program, args, { cwd, maxBuffer: MOST, windowsHide: true }, (error, stdout, stderr) => {
      subscription?.dispose();
      if (error === null) resolve(stdout);
      else reject(new Error(stderr.trim() === "" ? error.message : stderr.trim()));
    });
    const subscription = token?.onCancellationRequested(() => process.kill());
  });
}
