// What a person sees of findings: marks, messages, hovers, and the chain into other files.
import assert from "node:assert/strict";

const SETTLE = { line: 30, column: 25 };
const CHAIN = [
  "settle calls Invoice()",
  "Invoice.__init__ calls charge_sync()",
  "PaymentClient.charge_sync calls asyncio.run(), which starts an event loop",
];

export function findings({ inOneWindow, inProject, makeProject }) {
  const inShop = inOneWindow(() => makeProject("web-service"));

  /** Opens the endpoint whose chain of calls goes through two other files. */
  async function atSettle(code) {
    await code.openFile("app/routers/orders.py");
    await code.squiggle("error").waitFor();
    await code.goTo(SETTLE.line, SETTLE.column);
  }

  inShop("a finding is marked and told, with its chain", async (code) => {
    await atSettle(code);
    const hover = await code.hover();
    const text = await hover.textContent();
    assert.match(text, /settle\(\) leads to asyncio\.run\(\) 3 calls down, which raises here/);
    assert.equal(text.split("3 calls down").length, 2, "the hover says it once");
    for (const step of CHAIN) assert.ok(text.includes(step), step);
    await code.picture("hover");
    await code.hideHover();

    const problems = await code.problems();
    assert.ok(
      problems.some((row) => row.includes("the coroutine orders.save() is never awaited")),
      problems.join("\n"),
    );
    for (const step of CHAIN)
      assert.ok(
        problems.some((row) => row.includes(step)),
        step,
      );
    await code.picture("problems");
    await code.hideProblems();
  });

  inShop("the hover of a high window shows the name of the rule, too", async (code) => {
    // A hover is at most as high as a quarter of the editor: here 14 lines of it, so that none is cut.
    await code.page.setViewportSize({ width: code.size.width, height: 1181 });
    await atSettle(code);
    const hover = await code.hover();
    await hover.getByText("payments.py(21, 16)").waitFor();
    // To the end of the file's last line, which is the one below this.
    const line = await code.page.locator(".editor-instance .view-line", { hasText: "A plain" }).boundingBox();
    const height = line.y + 2 * line.height - 30;
    await code.picture("readme-hover", { x: 347, y: 30, width: 833, height });
    await code.hideHover();
    await code.page.setViewportSize(code.size);
  });

  inShop("the hover leads into another file", async (code) => {
    await atSettle(code);
    const hover = await code.hover();
    await hover.getByText("payments.py(21, 16)").click();
    await code.activeTab("payments.py");
    await code.cursorAt(21, 16);
  });

  inShop("the chain is stepped through", async (code) => {
    await atSettle(code);
    await code.command("asyncwise: Step Through the Chain of This Finding");
    const rows = await code.quickPick(4);
    CHAIN.forEach((step, i) => assert.ok(rows[i + 1].includes(step), rows[i + 1]));
    for (const tab of ["checkout.py", "checkout.py", "payments.py"]) {
      await code.page.keyboard.press("ArrowDown");
      await code.activeTab(tab);
    }
    await code.page
      .locator(".editor-instance .view-line", { hasText: "return asyncio.run(self.charge(customer, amount))" })
      .waitFor();
    await code.picture("steps");
    await code.picture("readme-steps", { x: 0, y: 0, width: 1180, height: 463 });
    await code.page.keyboard.press("Escape");
    await code.activeTab("orders.py");

    await code.quickFixes();
    await code.chooseQuickFix("Step through the chain (3 calls)");
    await code.quickPick(4);
    await code.page.keyboard.press("ArrowUp");
    await code.activeTab("payments.py");
    await code.page.keyboard.press("Enter");
    await code.cursorAt(21, 58);
  });

  inShop("the chain is peeked at", async (code) => {
    await atSettle(code);
    await code.command("asyncwise: Peek Chain");
    const peek = code.page.locator(".peekview-widget");
    await peek.locator(".ref-tree .monaco-list-row", { hasText: "payments.py" }).waitFor();
    const files = await peek.locator(".ref-tree .monaco-list-row .label-name").allTextContents();
    assert.deepEqual(new Set(files), new Set(["checkout.py", "payments.py"]));
    await code.picture("peek");
  });

  inShop("the paths through a function are shown from its lens", async (code) => {
    await code.openFile("app/clients/currency.py");
    const lens = code.page.locator(".codelens-decoration a").first();
    await lens.waitFor();
    await code.picture("lens");
    await lens.click();
    const rows = await code.quickPick();
    assert.ok(
      rows.some((row) => row.includes("app/routers/reports.py:19")),
      rows.join("\n"),
    );
    await code.picture("path");
  });

  const PLAIN = "import time\n\n\ndef load():\n    return 1\n";
  const MAIN = "from helper import load\n\n\nasync def main():\n    return load()\n";
  const pair = () => makeProject("pair", { "main.py": MAIN, "helper.py": PLAIN }, { isCopy: false });
  inProject("an edit in a helper brings a finding in another file", pair, async (code) => {
    await code.openFile("main.py");
    await code.indexed();
    await code.openFile("helper.py");
    await code.goTo(5, 12);
    await code.page.keyboard.insertText("time.sleep(1) or ");
    await code.openFile("main.py");
    await code.squiggle("error").waitFor();
    await code.goTo(5, 13);
    assert.match(await (await code.hover()).textContent(), /load\(\) blocks the event loop: it calls time\.sleep\(\)/);
    await code.hideHover();
    await code.openFile("helper.py");
    await code.until(".tab.active:not(.dirty)", () => code.page.keyboard.press("Control+Z"));
    await code.openFile("main.py");
    await code.noSquiggle();
  });

  inShop("a rule is explained in the editor", async (code) => {
    await atSettle(code);
    const hover = await code.hover();
    await hover.getByText("nested-event-loop").first().click();
    await code.webview("h1", "nested-event-loop");
    await code.picture("rule");
  });
}
