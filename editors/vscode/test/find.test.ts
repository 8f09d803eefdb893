import assert from "node:assert/strict";
import { test } from "node:test";
import { type Candidate } from "../src/server/candidates.js";
import { find } from "../src/server/find.js";
import { type Probe } from "../src/server/probe.js";
import { report } from "../src/server/report.js";

const SETTING: Candidate = { origin: "setting", path: "/set" };
const ENVIRONMENT: Candidate = { origin: "environment", path: "/env" };
const ON_PATH: Candidate = { origin: "PATH", path: "/path" };
const BUNDLED: Candidate = { origin: "bundled", path: "/bundled" };

const SERVER: Probe = { kind: "server", version: "1.2.3" };
const FOREIGN: Probe = { kind: "broken", reason: "it was built for another platform" };

/** What is found, or the message, and what is logged. */
async function check(
  candidates: Candidate[],
  files: Record<string, Probe>,
  expected: string,
  logged: string[] = [],
  isTrusted = true,
): Promise<void> {
  const log: string[] = [];
  const search = await find(
    candidates,
    isTrusted,
    (path) => Promise.resolve(files[path] ?? { kind: "absent" }),
    (line) => log.push(line),
  );
  const result = "found" in search ? `${search.found.path} ${search.found.version}` : search.notFound.message;
  assert.equal(result, expected);
  assert.deepEqual(log, logged);
}

test("the first that starts is taken", async () => {
  const all = [ENVIRONMENT, ON_PATH, BUNDLED];
  await check(all, { "/env": SERVER, "/path": SERVER }, "/env 1.2.3");
  await check(all, { "/path": SERVER, "/bundled": SERVER }, "/path 1.2.3");
  await check(all, { "/bundled": SERVER }, "/bundled 1.2.3");
});

test("one that does not start is passed by, and logged", async () => {
  await check([ENVIRONMENT, BUNDLED], { "/env": FOREIGN, "/bundled": SERVER }, "/bundled 1.2.3", [
    "/env (from the Python environment) does not start: it was built for another platform",
  ]);
});

test("why there is none is said in words", async () => {
  await check([SETTING], {}, "asyncwise cannot start /set (from the setting asyncwise.path): there is no such file.");
  await check(
    [SETTING],
    { "/set": { kind: "broken", reason: "it is not executable" } },
    "asyncwise cannot start /set (from the setting asyncwise.path): it is not executable.",
    ["/set (from the setting asyncwise.path) does not start: it is not executable"],
  );
  await check(
    [ENVIRONMENT, BUNDLED],
    {},
    "asyncwise is not installed: it is neither in the Python environment nor on PATH, nor bundled with this package of the " +
      "extension. Install it there, or name it in the setting asyncwise.path.",
  );
  await check(
    [BUNDLED],
    { "/bundled": FOREIGN },
    "asyncwise cannot start its bundled server: it was built for another platform. Install the package of the extension for " +
      "this platform, or name a server in the setting asyncwise.path.",
    ["/bundled (bundled) does not start: it was built for another platform"],
  );
});

test("where the workspace is not trusted no setting is advised", async () => {
  await check(
    [BUNDLED],
    {},
    "asyncwise is not bundled with this package of the extension, and a workspace that is not trusted uses no other. " +
      "Install the package of the extension for this platform, or trust the workspace, to use one that is installed.",
    [],
    false,
  );
  await check(
    [BUNDLED],
    { "/bundled": FOREIGN },
    "asyncwise cannot start its bundled server: it was built for another platform. Install the package of the extension for " +
      "this platform, or trust the workspace, to use one that is installed.",
    ["/bundled (bundled) does not start: it was built for another platform"],
    false,
  );
});

test("a bug report tells what was tried", async () => {
  const files: Record<string, Probe> = { "/path": FOREIGN };
  const probe = (path: string): Promise<Probe> => Promise.resolve(files[path] ?? { kind: "absent" });
  const { tried } = await find([ENVIRONMENT, ON_PATH, BUNDLED], true, probe, () => undefined);
  const text = report({ why: "asyncwise is not installed.", isTrusted: true, tried, settings: { ignore: ["await"] } });
  assert.deepEqual(text.split("\n"), [
    "no server runs: asyncwise is not installed.",
    "workspace: trusted",
    "tried:",
    "  /env (from the Python environment): not there",
    "  /path (from PATH): it was built for another platform",
    "  /bundled (bundled): not there",
    'settings: {"ignore":["await"]}',
    "",
  ]);
});
