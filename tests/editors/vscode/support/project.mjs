// Projects that the tests may change.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const PROJECTS = fileURLToPath(new URL("../../../projects", import.meta.url));

/** A copy of one of `tests/projects`, or an empty one of that name, with further files. */
export function makeProject(name, files = {}, { isCopy = true } = {}) {
  const parent = mkdtempSync(path.join(tmpdir(), "asyncwise-"));
  const root = path.join(parent, name);
  if (isCopy) cpSync(path.join(PROJECTS, name), root, { recursive: true });
  else mkdirSync(root);
  rmSync(path.join(root, "audit.md"), { force: true });
  const project = {
    root,
    read: (file) => readFileSync(path.join(root, file), "utf8"),
    write: (file, text) => {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), typeof text === "string" ? text : JSON.stringify(text, undefined, 2));
    },
    remove: () => rmSync(parent, { recursive: true, force: true }),
  };
  for (const [file, text] of Object.entries(files)) project.write(file, text);
  return project;
}
