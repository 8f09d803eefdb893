/** Finds the server that is started. */

import { type Candidate, type Origin } from "./candidates.js";
import { type Probe } from "./probe.js";

/** A server that starts. */
export interface Found {
  readonly origin: Origin;
  readonly path: string;
  readonly version: string;
}

/** Why there is none. */
export interface NotFound {
  /** One or two sentences for a person. */
  readonly message: string;
  /** Whether another value of the setting `asyncwise.path` may help. */
  readonly isAboutSetting: boolean;
}

export type Search = { readonly found: Found } | { readonly notFound: NotFound };

/** The first candidate that starts. `log` hears about those that are there and do not. */
export async function find(
  candidates: readonly Candidate[],
  probe: (path: string) => Promise<Probe>,
  log: (line: string) => void,
): Promise<Search> {
  const broken: (Candidate & { readonly reason: string })[] = [];
  for (const candidate of candidates) {
    const result = await probe(candidate.path);
    if (result.kind === "server") return { found: { ...candidate, version: result.version } };
    if (result.kind === "broken") {
      log(`${candidate.path} (${wordsFor(candidate.origin)}) does not start: ${result.reason}`);
      broken.push({ ...candidate, reason: result.reason });
    }
  }
  return { notFound: explain(candidates, broken) };
}

function explain(candidates: readonly Candidate[], broken: readonly (Candidate & { reason: string })[]): NotFound {
  const named = candidates.find((candidate) => candidate.origin === "setting");
  const isAboutSetting = named !== undefined;
  const [first] = broken;
  if (first?.origin === "bundled") {
    const message = `asyncwise cannot start its bundled server: ${first.reason}. ${OTHER_PACKAGE}`;
    return { message, isAboutSetting: true };
  }
  if (first !== undefined) {
    return {
      message: `asyncwise cannot start ${first.path} (${wordsFor(first.origin)}): ${first.reason}.`,
      isAboutSetting,
    };
  }
  if (named !== undefined) {
    return {
      message: `asyncwise cannot start ${named.path} (${wordsFor("setting")}): there is no such file.`,
      isAboutSetting,
    };
  }
  const restricted = candidates.every((candidate) => candidate.origin === "bundled");
  return restricted
    ? {
        message:
          "asyncwise is not bundled with this package of the extension, and a workspace that is not trusted uses no other.",
        isAboutSetting: false,
      }
    : {
        message: `asyncwise is not installed: it is neither in the Python environment nor on PATH, nor bundled with this package of the extension. ${INSTALL}`,
        isAboutSetting: true,
      };
}

const INSTALL = "Install it there, or name it in the setting asyncwise.path.";
const OTHER_PACKAGE =
  "Install the package of the extension for this platform, or name a server in the setting asyncwise.path.";

/** Where a server comes from, for a person. */
export function wordsFor(origin: Origin): string {
  switch (origin) {
    case "setting":
      return "from the setting asyncwise.path";
    case "environment":
      return "from the Python environment";
    case "PATH":
      return "from PATH";
    case "bundled":
      return "bundled";
  }
}
