// The licences of the packages that are bundled into the extension.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** The directory of the package that a module belongs to, also of one that lies in another. */
const PACKAGE = /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//;

/** Writes the name, version and licence of each package that esbuild has read modules of. */
export function writeNotices(metafile, file) {
  const folders = new Set(Object.keys(metafile.inputs).flatMap((input) => PACKAGE.exec(input)?.[1] ?? []));
  const notices = [...folders].map(noticeOf).sort();
  const title = "The extension contains these packages:";
  writeFileSync(file, [title, ...notices].join(`\n\n${"-".repeat(80)}\n\n`));
}

function noticeOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|notice|third-?party-?notices)\b/i.test(file))
    .map((file) => readFileSync(path.join(folder, file), "utf8").trim());
  if (texts.length === 0) throw new Error(`${name} has no licence to pass on`);
  return [`${name} ${version} (${license})`, ...texts].join("\n\n");
}
