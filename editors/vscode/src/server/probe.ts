/** Whether a program is a server that can be started, and in words why not. */

import { execFile } from "node:child_process";
import { open, stat } from "node:fs/promises";
import { HEAD, isForeign } from "./format.js";

/** How long a program may take to say its version, in milliseconds. An antivirus program may look at it first. */
const PATIENCE = 15_000;

const FOREIGN = "it was built for another platform";

/** What came of a try. */
export type Probe =
  | { readonly kind: "server"; readonly version: string }
  /** There is no such file. */
  | { readonly kind: "absent" }
  /** There is a file, and it does not start: why, as the end of a sentence. */
  | { readonly kind: "broken"; readonly reason: string };

/** Asks a program for its version. */
export async function probe(program: string): Promise<Probe> {
  const about = await stat(program).catch(() => undefined);
  if (about === undefined) return { kind: "absent" };
  if (about.isDirectory()) return { kind: "broken", reason: "it is a directory" };
  if (isForeign(await headOf(program), process.platform, process.arch)) return { kind: "broken", reason: FOREIGN };
  return new Promise((resolve) => {
    execFile(program, ["--version"], { timeout: PATIENCE, windowsHide: true }, (error, stdout, stderr) => {
      const version = /^asyncwise (\S+)/.exec(stdout)?.[1];
      if (error === null && version !== undefined) resolve({ kind: "server", version });
      else if (error === null) resolve({ kind: "broken", reason: "it is another program" });
      else resolve({ kind: "broken", reason: reasonOf(error, stderr) });
    });
  });
}

/** Why a program did not start, or did not end well. */
export function reasonOf(
  error: { readonly code?: unknown; readonly killed?: boolean; readonly message: string },
  stderr: string,
): string {
  switch (error.code) {
    case "EACCES":
      return "it is not executable";
    // Of a file that is there: what should load it is not, as on a system with another C library.
    case "ENOENT":
    case "ENOEXEC":
    case "EBADARCH":
    case "UNKNOWN":
      return FOREIGN;
  }
  if (error.killed === true) return "it does not answer";
  // What the operating system's loader says of a program that lacks a library.
  const said = stderr.trim().split("\n", 1)[0];
  return said === undefined || said === "" ? error.message.trim() : `it says: ${said}`;
}

/** The first bytes of a file; none where it cannot be read. */
async function headOf(program: string): Promise<Uint8Array> {
  try {
    await using file = await open(program);
    const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD), 0, HEAD, 0);
    return buffer.subarray(0, bytesRead);
  } catch {
    return new Uint8Array();
  }
}
