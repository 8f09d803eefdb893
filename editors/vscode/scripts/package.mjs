// Makes a VSIX: of one platform with the server inside, or of all platforms without.
//
//   npm run package                                              universal
//   npm run package -- --target linux-x64 --binary PATH          with this program as bin/asyncwise
//   npm run package -- ... --out DIRECTORY                       where it goes; `out` otherwise
import { createVSIX } from "@vscode/vsce";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { target: { type: "string" }, binary: { type: "string" }, out: { type: "string" } },
});
const { target, binary } = values;
if ((target === undefined) !== (binary === undefined)) throw new Error("--target and --binary belong together");

const root = fileURLToPath(new URL("..", import.meta.url));
const out = path.resolve(values.out ?? path.join(root, "out"));
// What an earlier run left must not get into a universal package.
rmSync(path.join(root, "bin"), { recursive: true, force: true });
if (binary !== undefined) {
  const inside = path.join(root, "bin", target.startsWith("win32") ? "asyncwise.exe" : "asyncwise");
  mkdirSync(path.dirname(inside));
  copyFileSync(path.resolve(binary), inside);
  chmodSync(inside, 0o755);
}

mkdirSync(out, { recursive: true });
const { name, version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
const packagePath = path.join(out, `${[name, target ?? "universal", version].join("-")}.vsix`);
process.chdir(root);
await createVSIX({ cwd: root, packagePath, target });
