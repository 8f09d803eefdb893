// All tests share one browser, and most one VS Code. Those that change nothing share a window; others have one of their own.
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
/** What is done before the browser is closed. */
const closings = [];

before(async () => {
  [shared, browser] = await Promise.all([startAnew({ packages: [process.env.VSIX] }), startBrowser()]);
});

after(async () => {
  for (const close of closings) await close();
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

/** A window on a project, and how to be rid of both. */
async function openWindow(server, project, file) {
  const page = await newPage(browser);
  const close = async () => {
    await page.context().close();
    project.remove();
  };
  try {
    return { code: await Workbench.open(page, server.address, project.root, file), project, close };
  } catch (error) {
    await new Workbench(page).picture("failed-to-open").catch(() => undefined);
    await close();
    throw error;
  }
}

/** Does something in a window. A picture of what went wrong is kept. */
async function doIn(window, name, run) {
  try {
    await run(window.code, window.project);
  } catch (error) {
    await window.code.picture(`failed-${name.replaceAll(/\W+/g, "-")}`).catch(() => undefined);
    throw error;
  }
}

/** Again, from the beginning, if it fails: VS Code loses a key now and then on a machine that does other things, too. */
async function patiently(attempt, tries = 3) {
  try {
    await attempt();
  } catch (error) {
    if (tries === 1) throw error;
    console.error(`tried again after: ${error.message}`);
    await patiently(attempt, tries - 1);
  }
}

/** Tests in one window on one project, which each of them leaves as it was. After one that failed the window is a new one. */
function inOneWindow(project) {
  let window;
  const close = async () => {
    const last = window;
    window = undefined;
    await last?.close();
  };
  closings.push(close);
  return (name, run) =>
    test(name, { timeout }, () =>
      patiently(async () => {
        try {
          window ??= await openWindow(shared, project());
          await doIn(window, name, async (code, project) => {
            await run(code, project);
            await code.closeEditors();
          });
        } catch (error) {
          await close();
          throw error;
        }
      }),
    );
}

/** A test in a window of its own. */
function inProject(name, project, run) {
  test(name, { timeout }, () => patiently(() => inNewWindow(shared, name, project(), run)));
}

async function inNewWindow(server, name, project, run, file) {
  const window = await openWindow(server, project, file);
  try {
    await doIn(window, name, run);
  } finally {
    await window.close();
  }
}

/** The same in a VS Code of its own, started with what `options` gives. */
function inOwnVsCode(name, options, project, run) {
  const attempt = async () => {
    const server = await startAnew(options());
    try {
      await inNewWindow(server, name, project(), run);
    } finally {
      await server.stop();
    }
  };
  test(name, { timeout }, () => patiently(attempt));
}

// Of a window that is opened with a file in it, as the one of yesterday. Nothing is asked of a machine that does other things, too.
test("how soon the first finding is seen", { timeout }, async (t) => {
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
  await inNewWindow(
    shared,
    "first-finding",
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

const tools = { inOneWindow, inProject, inOwnVsCode, makeProject };
findings(tools);
fixes(tools);
projects(tools);
servers(tools);
