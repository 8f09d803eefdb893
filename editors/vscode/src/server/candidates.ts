/** Where a server may be, in the order in which it is looked for. What is there is not looked at here. */

import * as path from "node:path";

/** Who names a server. */
export type Origin = "setting" | "environment" | "PATH" | "bundled";

/** A program that may be the server. */
export interface Candidate {
  readonly origin: Origin;
  readonly path: string;
}

/** What the order depends on. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  /** Whether the workspace is trusted. What it names is not started otherwise. */
  readonly isTrusted: boolean;
  /** The setting `asyncwise.path`, its variables filled in; empty when it is not set. */
  readonly setting: string;
  /** The Python environments of the workspace, the most likely first: their directories, or interpreters in them. */
  readonly environments: readonly string[];
  /** The environment variable `PATH`. */
  readonly searchPath: string;
  /** The directory of the extension. */
  readonly extension: string;
}

/** The candidates, best first. The setting is alone when it is there: who sets it wants no other. */
export function candidates(around: Surroundings): Candidate[] {
  const bundled: Candidate = { origin: "bundled", path: of(around).join(around.extension, "bin", programName(around)) };
  if (!around.isTrusted) return [bundled];
  if (around.setting !== "") return [{ origin: "setting", path: around.setting }];
  const inEnvironments = around.environments.flatMap((environment) => programsIn(environment, around));
  const separator = of(around).delimiter;
  const onPath = around.searchPath.split(separator).filter((directory) => of(around).isAbsolute(directory));
  return [
    ...inEnvironments.map((found): Candidate => ({ origin: "environment", path: found })),
    ...onPath.map((directory): Candidate => ({
      origin: "PATH",
      path: of(around).join(directory, programName(around)),
    })),
    bundled,
  ];
}

/** Where the programs of a Python environment are: beside its interpreter, or below its directory. */
function programsIn(environment: string, around: Surroundings): string[] {
  const program = programName(around);
  const paths = of(around);
  const isInterpreter = /^python[\d.w]*(\.exe)?$/.test(paths.basename(environment));
  if (!isInterpreter) return [paths.join(environment, isWindows(around) ? "Scripts" : "bin", program)];
  const beside = paths.dirname(environment);
  // The interpreter of a conda environment on Windows is above its programs.
  return isWindows(around)
    ? [paths.join(beside, program), paths.join(beside, "Scripts", program)]
    : [paths.join(beside, program)];
}

function programName(around: Surroundings): string {
  return isWindows(around) ? "asyncwise.exe" : "asyncwise";
}

function isWindows(around: Surroundings): boolean {
  return around.platform === "win32";
}

function of(around: Surroundings): path.PlatformPath {
  return isWindows(around) ? path.win32 : path.posix;
}

/** Fills in `~`, `${userHome}`, `${workspaceFolder}` and `${env:NAME}` in a path that a person has written. */
export function fillIn(
  text: string,
  known: { readonly home: string; readonly folder: string | undefined; readonly variables: NodeJS.ProcessEnv },
): string {
  return text
    .trim()
    .replace(/^~(?=$|[/\\])/, () => known.home)
    .replaceAll("${userHome}", () => known.home)
    .replaceAll("${workspaceFolder}", () => known.folder ?? "")
    .replaceAll(/\$\{env:(\w+)\}/g, (_, name: string) => known.variables[name] ?? "");
}
