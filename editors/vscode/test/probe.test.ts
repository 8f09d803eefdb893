import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { isForeign } from "../src/server/format.js";
import { probe, reasonOf } from "../src/server/probe.js";

const isWindows = process.platform === "win32";

/** What comes of a program with this text. */
async function check(text: string | Uint8Array, mode: number, expected: unknown): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "asyncwise-probe-"));
  const program = path.join(folder, "asyncwise");
  writeFileSync(program, text);
  chmodSync(program, mode);
  try {
    assert.deepEqual(await probe(program), expected);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a server says its version", { skip: isWindows }, async () => {
  await check('#!/bin/sh\necho "asyncwise 1.2.3"\n', 0o755, { kind: "server", version: "1.2.3" });
});

test("what is no server is told apart", { skip: isWindows }, async () => {
  await check("#!/bin/sh\necho hello\n", 0o755, { kind: "broken", reason: "it is another program" });
  await check("#!/bin/sh\necho 'no GLIBC_2.99' >&2\nexit 1\n", 0o755, {
    kind: "broken",
    reason: "it says: no GLIBC_2.99",
  });
  await check("#!/nowhere/sh\n", 0o755, { kind: "broken", reason: "it was built for another platform" });
  await check("", 0o644, { kind: "broken", reason: "it is not executable" });
  assert.deepEqual(await probe(tmpdir()), { kind: "broken", reason: "it is a directory" });
  assert.deepEqual(await probe("/nowhere/asyncwise"), { kind: "absent" });
});

/** The first bytes of an ELF file for a machine. */
function elf(machine: number): Uint8Array {
  const head = Buffer.alloc(20);
  head.write("\x7fELF", "latin1");
  head.writeUInt16LE(machine, 18);
  return head;
}

test("a program of another platform is known by its first bytes", async () => {
  const [x64, arm64] = [elf(62), elf(183)];
  const windows = Buffer.from("MZ\x90\0");
  const mac = Buffer.from([0xcf, 0xfa, 0xed, 0xfe, 0, 0, 0, 0]);
  const script = Buffer.from("#!/bin/sh\n");
  const cases: [Uint8Array, NodeJS.Platform, string, boolean][] = [
    [x64, "linux", "x64", false],
    [arm64, "linux", "x64", true],
    [arm64, "linux", "arm64", false],
    [x64, "linux", "riscv64", false],
    [windows, "linux", "x64", true],
    [mac, "linux", "x64", true],
    [mac, "darwin", "arm64", false],
    [x64, "darwin", "arm64", true],
    [windows, "win32", "x64", false],
    [mac, "win32", "x64", true],
    [script, "linux", "x64", false],
    [Buffer.alloc(0), "linux", "x64", false],
  ];
  for (const [head, platform, arch, expected] of cases) {
    assert.equal(isForeign(head, platform, arch), expected, `${platform} ${arch}`);
  }
  const foreign = isWindows ? mac : windows;
  await check(foreign, 0o755, { kind: "broken", reason: "it was built for another platform" });
});

test("errors of the system are told in words", () => {
  assert.equal(reasonOf({ code: "EACCES", message: "spawn EACCES" }, ""), "it is not executable");
  assert.equal(reasonOf({ code: "UNKNOWN", message: "spawn UNKNOWN" }, ""), "it was built for another platform");
  assert.equal(reasonOf({ code: null, killed: true, message: "Command failed" }, ""), "it does not answer");
  assert.equal(reasonOf({ code: 127, message: "Command failed" }, ""), "Command failed");
});
