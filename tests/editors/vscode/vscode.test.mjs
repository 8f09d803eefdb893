// All tests share one VS Code and one browser; each opens a window of its own, on a project of its own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { newPage, startBrowser } from "./support/browser.mjs";
import { makeProject } from "./support/project.mjs";
import { startVsCode } from "./support/server.mjs";
import { Workbench } from "./support/workbench.mjs";
import { findings } from "./findings.mjs";
import { fixes } from "./fixes.mjs";
import { projects } from "./projects.mjs";

const data = mkdtempSync(path.join(tmpdir(), "asyncwise-vscode-"));
let server, browser;

before(async () => {
  [server, browser] = await Promise.all([startVsCode({ data, packages: [process.env.VSIX] }), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(data, { recursive: true, force: true });
});

/** A test in a window on a project. A picture of what went wrong is kept. */
function inProject(name, project, run) {
  test(name, { timeout: 180_000 }, async () => {
    const made = project();
    const page = await newPage(browser);
    let workbench = new Workbench(page);
    try {
      workbench = await Workbench.open(page, server.address, made.root);
      await run(workbench, made);
    } catch (error) {
      await workbench.picture(`failed-${name.replaceAll(/\W+/g, "-")}`).catch(() => undefined);
      throw error;
    } finally {
      await page.context().close();
      made.remove();
    }
  });
}

const tools = { inProject, makeProject };
findings(tools);
fixes(tools);
projects(tools);
