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

/** A candidate that was tried, and what came of it. */
export type Tried = Candidate & Probe;

/** What was found, or why nothing was, after trying these. */
export type Search = { readonly tried: readonly Tried[] } & (
  { readonly found: Found } | { readonly notFound: NotFound }
);

/** The first candidate that starts. `log` hears about those that are there and do not. */
export async function find(
  candidates: readonly Candidate[],
  isTrusted: boolean,
  probe: (path: string) => Promise<Probe>,
  log: (line: string) => void,
): Promise<Search> {
  const tried: Tried[] = [];
  for (const candidate of candidates) {
    const result = { ...candidate, ...(await probe(candidate.path)) };
    tried.push(result);
    const { origin, path } = candidate;
    if (result.kind === "server") return { found: { origin, path, version: result.version }, tried };
    if (result.kind === "broken") log(`${path} (${wordsFor(origin)}) does not start: ${result.reason}`);
  }
  return { notFound: explain(tried, isTrusted), tried };
}

function explain(tried: readonly Tried[], isTrusted: boolean): NotFound {
  const named = tried.find((candidate) => candidate.origin === "setting");
  const isAboutSetting = named !== undefined;
  const first = tried.find((candidate) => candidate.kind === "broken");
  if (first?.origin === "bundled") {
    const instead = isTrusted ? OTHER_SERVER : TRUST;
    const message = `asyncwise cannot start its bundled server: ${first.reason}. ${OTHER_PACKAGE}, or ${instead}.`;
    return { message, isAboutSetting: isTrusted };
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
  return isTrusted
    ? {
        message: `asyncwise is not installed: it is neither in the Python environment nor on PATH, nor bundled with this package of the extension. ${INSTALL}`,
        isAboutSetting: true,
      }
    : {
        message: `asyncwise is not bundled with this package of the extension, and a workspace that is not trusted uses no other. ${OTHER_PACKAGE}, or ${TRUST}.`,
        isAboutSetting: false,
      };
}

const INSTALL = "Install it there, or name it in the setting asyncwise.path.";
const OTHER_PACKAGE = "Install the package of the extension for this platform";
const OTHER_SERVER = "name a server in the setting asyncwise.path";
const TRUST = "trust the workspace, to use one that is installed";

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
