import assert from "node:assert/strict";
import { test } from "node:test";
import { candidates, fillIn, type Surroundings } from "../src/server/candidates.js";

const AROUND: Surroundings = {
  platform: "linux",
  isTrusted: true,
  setting: "",
  environments: [],
  searchPath: "/usr/local/bin:/usr/bin",
  extension: "/extension",
};

function check(around: Partial<Surroundings>, expected: string[]): void {
  const found = candidates({ ...AROUND, ...around });
  assert.deepEqual(
    found.map(({ origin, path }) => `${origin}: ${path}`),
    expected,
  );
}

const ON_PATH = ["PATH: /usr/local/bin/asyncwise", "PATH: /usr/bin/asyncwise"];
const BUNDLED = "bundled: /extension/bin/asyncwise";

test("environment, PATH, bundled: in this order", () => {
  check({ environments: ["/projects/.venv"] }, ["environment: /projects/.venv/bin/asyncwise", ...ON_PATH, BUNDLED]);
});

test("an environment may be named by its interpreter", () => {
  for (const interpreter of ["python", "python3", "python3.13"]) {
    check({ environments: [`/projects/.venv/bin/${interpreter}`], searchPath: "" }, [
      "environment: /projects/.venv/bin/asyncwise",
      BUNDLED,
    ]);
  }
  check({ environments: ["/envs/python-web"], searchPath: "" }, [
    "environment: /envs/python-web/bin/asyncwise",
    BUNDLED,
  ]);
});

test("the setting is alone", () => {
  check({ setting: "/opt/asyncwise", environments: ["/projects/.venv"] }, ["setting: /opt/asyncwise"]);
});

test("a workspace that is not trusted names nothing", () => {
  check({ isTrusted: false, setting: "/opt/asyncwise", environments: ["/projects/.venv"] }, [BUNDLED]);
});

test("relative directories of PATH depend on where one stands, and are left out", () => {
  check({ searchPath: ".:bin::/usr/bin" }, ["PATH: /usr/bin/asyncwise", BUNDLED]);
});

test("Windows", () => {
  check(
    {
      platform: "win32",
      environments: ["C:\\envs\\web", "C:\\conda\\python.exe"],
      searchPath: "C:\\tools;D:\\more",
      extension: "C:\\extension",
    },
    [
      "environment: C:\\envs\\web\\Scripts\\asyncwise.exe",
      "environment: C:\\conda\\asyncwise.exe",
      "environment: C:\\conda\\Scripts\\asyncwise.exe",
      "PATH: C:\\tools\\asyncwise.exe",
      "PATH: D:\\more\\asyncwise.exe",
      "bundled: C:\\extension\\bin\\asyncwise.exe",
    ],
  );
});

test("variables of a path are filled in", () => {
  const known = { home: "/users/me", folder: "/projects/shop", variables: { VENV: "/envs/$&" } };
  const cases: [string, string][] = [
    ["", ""],
    [" /opt/asyncwise ", "/opt/asyncwise"],
    ["~/bin/asyncwise", "/users/me/bin/asyncwise"],
    ["/a/~b", "/a/~b"],
    ["${workspaceFolder}/.venv/bin/asyncwise", "/projects/shop/.venv/bin/asyncwise"],
    ["${userHome}/a", "/users/me/a"],
    ["${env:VENV}/bin${env:NOTHING}", "/envs/$&/bin"],
  ];
  for (const [text, expected] of cases) assert.equal(fillIn(text, known), expected);
});
