// All tests share one browser, and most one VS Code; each opens a window of its own, on a project of its own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { findings } from "./findings.mjs";
import { fixes } from "./fixes.mjs";
import { projects } from "./projects.mjs";
import { servers } from "./servers.mjs";
import { newPage, startBrowser } from "./support/browser.mjs";
import { makeProject } from "./support/project.mjs";
import { startVsCode } from "./support/server.mjs";
import { Workbench } from "./support/workbench.mjs";

/** How long a test may take where many things are done at once, in milliseconds. */
const timeout = 600_000;

let browser, shared;

before(async () => {
  [shared, browser] = await Promise.all([startAnew({ packages: [process.env.VSIX] }), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await shared?.stop();
});

/** A VS Code with data of its own. */
async function startAnew(options) {
  const data = mkdtempSync(path.join(tmpdir(), "asyncwise-vscode-"));
  const server = await startVsCode({ data, ...options });
  const stop = async () => {
    await server.stop();
    rmSync(data, { recursive: true, force: true, maxRetries: 5 });
  };
  return { ...server, stop };
}

/** Does something in a window on a project. A picture of what went wrong is kept. */
async function inWindow(name, server, project, run, file) {
  const page = await newPage(browser);
  let workbench = new Workbench(page);
  try {
    workbench = await Workbench.open(page, server.address, project.root, file);
    await run(workbench, project);
  } catch (error) {
    await workbench.picture(`failed-${name.replaceAll(/\W+/g, "-")}`).catch(() => undefined);
    throw error;
  } finally {
    await page.context().close();
    project.remove();
  }
}

/** Once more, from the beginning, if it fails: VS Code loses a key now and then on a machine that does other things, too. */
async function twice(attempt) {
  try {
    await attempt();
  } catch (error) {
    console.error(`tried again after: ${error.message}`);
    await attempt();
  }
}

/** A test in a window on a project. */
function inProject(name, project, run) {
  test(name, { timeout: 2 * timeout }, () => twice(() => inWindow(name, shared, project(), run)));
}

/** The same in a VS Code of its own, started with what `options` gives. */
function inOwnVsCode(name, options, project, run) {
  const attempt = async () => {
    const server = await startAnew(options());
    try {
      await inWindow(name, server, project(), run);
    } finally {
      await server.stop();
    }
  };
  test(name, { timeout: 2 * timeout }, () => twice(attempt));
}

// Of a window that is opened with a file in it, as the one of yesterday. Nothing is asked of a machine that does other things, too.
test("how soon the first finding is seen", { timeout }, async (t) => {
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
  await inWindow(
    "first-finding",
    shared,
    makeProject("web-service"),
    async (code) => {
      await code.page.waitForSelector(".editor-instance .view-line");
      const text = seconds();
      await code.squiggle("error").waitFor();
      t.diagnostic(`the text after ${text} s, the first finding after ${seconds()} s`);
    },
    "app/routers/orders.py",
  );
});

const tools = { inProject, inOwnVsCode, makeProject };
findings(tools);
fixes(tools);
projects(tools);
servers(tools);
