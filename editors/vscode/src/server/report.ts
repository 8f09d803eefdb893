/** What a bug report needs where no server runs that could tell it. */

import { wordsFor, type Tried } from "./find.js";

/** Why no server runs, which were tried, and what it would have been told. */
export interface Situation {
  readonly why: string;
  readonly isTrusted: boolean;
  readonly tried: readonly Tried[];
  readonly settings: Record<string, unknown>;
}

export function report({ why, isTrusted, tried, settings }: Situation): string {
  const places = tried.map((one) => `  ${one.path} (${wordsFor(one.origin)}): ${outcome(one)}`);
  return [
    `no server runs: ${why}`,
    `workspace: ${isTrusted ? "trusted" : "not trusted, so that only the bundled server is tried"}`,
    "tried:",
    ...(places.length === 0 ? ["  nothing yet"] : places),
    `settings: ${JSON.stringify(settings)}`,
    "",
  ].join("\n");
}

function outcome(one: Tried): string {
  switch (one.kind) {
    case "server":
      return `asyncwise ${one.version}`;
    case "absent":
      return "not there";
    case "broken":
      return one.reason;
  }
}
