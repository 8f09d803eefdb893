// What concerns all of a project: notebooks, the audit, the state of the server.
import assert from "node:assert/strict";

const cell = (source) => ({
  cell_type: "code",
  execution_count: null,
  id: Math.random().toString(36).slice(2, 10),
  metadata: {},
  outputs: [],
  source,
});
const NOTEBOOK = {
  cells: [cell("import asyncio\n\n\nasync def fetch():\n    await asyncio.sleep(1)"), cell("asyncio.run(fetch())")],
  metadata: {
    kernelspec: { display_name: "Python 3", language: "python", name: "python3" },
    language_info: { name: "python" },
  },
  nbformat: 4,
  nbformat_minor: 5,
};

export function projects({ inOneWindow, inProject, makeProject }) {
  const inShop = inOneWindow(() => makeProject("web-service"));

  const notes = () => makeProject("notes", { "notes.ipynb": NOTEBOOK }, { isCopy: false });
  inProject("the cells of a notebook are checked as one module", notes, async (code, project) => {
    await code.openFile("notes.ipynb", ".notebookOverlay .cell .view-line");
    const squiggle = code.page.locator(".notebookOverlay .cell [class*=squiggly-]").first();
    await squiggle.waitFor();
    await code.picture("notebook");
    await code.page
      .locator(".notebookOverlay .cell .view-line", { hasText: "asyncio.run(fetch())" })
      .click({ position: { x: 20, y: 8 } });
    const titles = await code.quickFixes();
    assert.ok(titles.length > 0);
    await code.page.keyboard.press("Enter");
    await squiggle.waitFor({ state: "detached" });
    await code.page.keyboard.press("Control+S");
    await code.eventually(
      () => project.read("notes.ipynb"),
      (text) => text.includes("await fetch()"),
    );
  });

  inShop("the audit is a page with links into the code", async (code) => {
    await code.openFile("app/main.py");
    await code.indexed();
    await code.command("asyncwise: Audit This Workspace");
    const page = await code.webview("h1", "Async health of web-service");
    await code.picture("audit");

    // In a wide window the graph stands between the list and what is chosen.
    const sideBar = "View: Toggle Primary Side Bar Visibility";
    await code.page.setViewportSize({ width: 1560, height: 1000 });
    await code.command(sideBar);
    await page
      .locator("#graph text", { hasText: /^settle$/ })
      .first()
      .click();
    await page.locator("h2", { hasText: "Boundary graph" }).evaluate((heading) => {
      const nav = document.querySelector("nav");
      window.scrollBy(0, heading.getBoundingClientRect().top - nav.getBoundingClientRect().bottom);
    });
    const panes = await page.locator(".panes").boundingBox();
    await code.picture("readme-audit", { x: 54, y: 30, width: 1502, height: panes.y + 366 });
    await code.command(sideBar);
    await code.page.setViewportSize(code.size);
    await page.locator("a.place", { hasText: "app/clients/payments.py" }).first().click();
    await code.activeTab("payments.py");
  });

  inShop("the status item tells which server runs", async (code) => {
    await code.openFile("app/main.py");
    await code.indexed();
    const item = code.page.locator('.statusbar-item:has-text("asyncwise")');
    assert.match(await code.status(), /bundled/);
    await code.picture("status");
    await item.click();
    const rows = await code.quickPick();
    assert.ok(
      rows.some((row) => row.includes("Audit This Workspace")),
      rows.join("\n"),
    );
    await code.picture("commands");
    await code.page.keyboard.press("Escape");

    await code.command("asyncwise: Show Debug Information");
    await code.page.locator(".editor-instance .view-line", { hasText: "settings:" }).first().waitFor();
    await code.picture("debug-information");
    await code.command("asyncwise: Restart Server");
    await code.openFile("app/routers/orders.py");
    await code.squiggle("error").waitFor();
  });

  inShop("a walkthrough shows where to begin", async (code) => {
    // In a narrow window there are no pictures.
    await code.page.setViewportSize({ width: 1500, height: 860 });
    await code.command("Welcome: Open Walkthrough...");
    await code.choose("Get Started with asyncwise");
    const steps = code.page.locator(".gettingStartedDetailsContent .step-title");
    await steps.first().waitFor();
    assert.equal(await steps.count(), 4);
    await code.page
      .locator(".gettingStartedDetailsContent img, .gettingStartedDetailsContent iframe")
      .first()
      .waitFor();
    await code.picture("walkthrough");
    await code.page.setViewportSize(code.size);
  });

  inProject(
    "findings of files that are not open are shown when asked for",
    () => makeProject("web-service", { ".vscode/settings.json": { "asyncwise.diagnosticMode": "workspace" } }),
    async (code) => {
      // The folder is enough: no file is opened.
      await code.indexed();
      await code.eventually(
        () => code.problems(),
        (rows) => rows.some((row) => row.includes("revenue() blocks the event loop")),
      );
    },
  );
}
