import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { commandLine, settingsForServer, variables } from "../src/settings.js";

const fillIn = (path: string): string => path.replace("~", "/home/ada");

test("what is empty, and what is the extension's own, is not sent", () => {
  const section = {
    path: "/opt/asyncwise",
    trace: { server: "off" },
    select: [],
    ignore: ["await"],
    minConfidence: "",
    codeLens: false,
  };
  assert.deepEqual(settingsForServer(section, { python: undefined, fillIn }), { ignore: ["await"], codeLens: false });
  assert.deepEqual(settingsForServer(undefined, { python: undefined, fillIn }), {});
});

test("paths are filled in", () => {
  const section = { extraPaths: ["~/a", "b"], configuration: "~/c.toml", targetVersion: "3.~" };
  const sent = { extraPaths: ["/home/ada/a", "b"], configuration: "/home/ada/c.toml", targetVersion: "3.~" };
  assert.deepEqual(settingsForServer(section, { python: undefined, fillIn }), sent);
});

test("the selected environment is told apart from the setting, as the configuration file comes between", () => {
  assert.deepEqual(settingsForServer({ python: "" }, { python: "/env", fillIn }), { selectedPython: "/env" });
  const both = { python: "/home/ada/own", selectedPython: "/env" };
  assert.deepEqual(settingsForServer({ python: "~/own" }, { python: "/env", fillIn }), both);
});

test("the command line says the same", () => {
  const settings = { select: ["await", "blocking"], minConfidence: "likely", python: "/env", codeLens: true };
  const options = ["--select", "await", "--select", "blocking", "--min-confidence", "likely", "--python", "/env"];
  assert.deepEqual(commandLine(settings), options);
  assert.deepEqual(commandLine({ selectedPython: "/env" }), []);
  assert.deepEqual(variables({ selectedPython: "/env" }), { VIRTUAL_ENV: "/env" });
  assert.deepEqual(variables({}), {});
});

test("every command of the manifest is registered, and every one that is registered is in it", () => {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as {
    contributes: { commands: { command: string }[] };
  };
  const declared = manifest.contributes.commands.map(({ command }) => command).sort();
  const registered = [...readFileSync("src/extension.ts", "utf8").matchAll(/"(asyncwise\.\w+)": \(/g)].map(
    (match) => match[1],
  );
  assert.deepEqual(registered.sort(), declared);
});

test("the packages of VS Code and of npm hold the same", () => {
  const rules = (file: string): string[] =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => !line.startsWith("#"));
  assert.deepEqual(rules(".npmignore"), rules(".vscodeignore"));
});
