// Bundles the extension, or its tests.
//
//   node scripts/build.mjs                dist/extension.js, with a source map
//   node scripts/build.mjs --production   the same, small, and the licences of what is bundled
//   node scripts/build.mjs --watch        the same, again after every change
//   node scripts/build.mjs --tests        out/test/*.test.js
import { context } from "esbuild";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { writeNotices } from "./notices.mjs";

const has = (option) => process.argv.includes(option);
const isProduction = has("--production");
process.chdir(fileURLToPath(new URL("..", import.meta.url)));

const extension = {
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  external: ["vscode"],
  format: "cjs",
};
const tests = {
  entryPoints: readdirSync("test")
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `test/${name}`),
  outdir: "out/test",
  outExtension: { ".js": ".mjs" },
  format: "esm",
};

const build = await context({
  ...(has("--tests") ? tests : extension),
  bundle: true,
  platform: "node",
  target: "node20",
  mainFields: ["module", "main"],
  minify: isProduction,
  sourcemap: isProduction ? false : "linked",
  metafile: isProduction,
  logLevel: "warning",
});
if (has("--watch")) await build.watch();
else {
  const { metafile } = await build.rebuild();
  await build.dispose();
  if (metafile !== undefined) writeNotices(metafile, "dist/THIRD_PARTY_NOTICES.txt");
}
