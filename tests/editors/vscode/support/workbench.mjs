// VS Code as a person uses it: by keys, menus and what is to be seen.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";

const ARTEFACTS = path.join(process.env.ASYNCWISE_ARTEFACTS, "vscode");

/** A key may be lost while the machine is busy; what it should bring up is waited for this long before it is pressed again. */
const AGAIN = 4_000;

export class Workbench {
  constructor(page) {
    this.page = page;
    this.size = page.viewportSize();
  }

  /** Opens a folder, with a file of it if one is named, and waits for the explorer. */
  static async open(page, address, root, file) {
    const url = new URL(address);
    url.searchParams.set("folder", root);
    if (file !== undefined) {
      const payload = [["openFile", `vscode-remote://${url.host}${path.join(root, file)}`]];
      url.searchParams.set("payload", JSON.stringify(payload));
    }
    await page.goto(url.href, { waitUntil: "commit" });
    const workbench = new Workbench(page);
    await page.waitForSelector(".explorer-folders-view .monaco-list-row");
    return workbench;
  }

  /** Does something until something is there. */
  async until(selector, act, tries = 15) {
    for (let i = 0; i < tries; i++) {
      await act();
      const found = await this.page
        .waitForSelector(selector, { state: "visible", timeout: AGAIN })
        .catch(() => undefined);
      if (found) return found;
    }
    throw new Error(`${selector} does not come up`);
  }

  /**
   * Brings the quick input up by a key, and fills it until the wanted entry is the one that is chosen. It closes when something else takes
   * the focus, and keys may be lost on a busy machine; then all of it is done again.
   */
  async quickInput(key, text, entry) {
    const widget = ".quick-input-widget:visible";
    const row = `${widget} .quick-input-list .monaco-list-row.focused${entry}`;
    await this.until(row, async () => {
      await this.page.keyboard.press("Escape");
      await this.page.keyboard.press(key);
      await this.page.fill(`${widget} .quick-input-filter input`, text, { timeout: AGAIN }).catch(() => undefined);
    });
  }

  async openFile(name, content = ".editor-instance .view-line") {
    const base = path.basename(name);
    await this.until(`.tab.active[data-resource-name="${base}"]`, async () => {
      await this.quickInput("Control+P", name, `[aria-label^="${base}"]`);
      await this.page.keyboard.press("Enter");
    });
    await this.page.waitForSelector(content);
  }

  activeTab(name) {
    return this.page.waitForSelector(`.tab.active[data-resource-name="${name}"]`);
  }

  /** Waits until the server has read the project. */
  async indexed() {
    const item = this.page.locator('.statusbar-item:has(.codicon-pass):has-text("asyncwise")');
    await item.waitFor();
  }

  /** The rows of the list that is open, once there are so many. */
  async quickPick(count) {
    const rows = this.page.locator(".quick-input-widget:visible .quick-input-list .monaco-list-row");
    await rows.first().waitFor();
    if (count !== undefined)
      await this.eventually(
        () => rows.count(),
        (is) => is === count,
      );
    return rows.allTextContents();
  }

  /** Chooses one of the list that is open, by its text. */
  async choose(entry) {
    const widget = ".quick-input-widget:visible";
    await this.page.fill(`${widget} .quick-input-filter input`, entry);
    await this.page.locator(`${widget} .monaco-list-row.focused`, { hasText: entry }).waitFor();
    await this.page.keyboard.press("Enter");
  }

  /** The page of an extension, once it shows this. */
  async webview(selector, text) {
    const inner = this.page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
    await inner.locator(selector, { hasText: text }).first().waitFor();
    return inner;
  }

  /** Runs a command of the palette, by its title. */
  async command(title) {
    await this.quickInput("F1", `>${title}`, `:has-text(${JSON.stringify(title)})`);
    await this.page.keyboard.press("Enter");
  }

  /** Closes all that tests have opened, and keeps nothing that they have not saved. */
  async closeEditors() {
    const none = "body:not(:has(.tab))";
    const asks = ".monaco-dialog-box";
    await this.until(none, async () => {
      await this.command("View: Close All Editors");
      await this.page.waitForSelector(`${none}, ${asks}`, { timeout: AGAIN }).catch(() => undefined);
      const discard = this.page.locator(asks).getByRole("button", { name: "Don't Save" });
      if (await discard.isVisible()) await discard.click();
    });
  }

  async goTo(line, column) {
    const there = this.page.locator("#status\\.editor\\.selection", { hasText: `Ln ${line}, Col ${column}` });
    for (let i = 0; i < 15 && !(await there.isVisible()); i++) {
      await this.quickInput("Control+G", `:${line}:${column}`, "");
      await this.page.keyboard.press("Enter");
      await there.waitFor({ timeout: AGAIN }).catch(() => undefined);
    }
    await this.cursorAt(line, column);
  }

  /** Waits until the cursor, or the end of the selection, is there. */
  async cursorAt(line, column) {
    await this.page.locator("#status\\.editor\\.selection", { hasText: `Ln ${line}, Col ${column}` }).waitFor();
  }

  squiggle(kind) {
    return this.page.locator(`.editor-instance .squiggly-${kind}`).first();
  }

  async noSquiggle() {
    await this.page.waitForFunction(() => document.querySelector(".editor-instance [class*=squiggly-]") === null);
  }

  /** The hover at the cursor. */
  async hover() {
    await this.until(".monaco-hover:visible .hover-contents, .monaco-hover:visible .marker", () =>
      this.command("Show or Focus Hover"),
    );
    return this.page.locator(".monaco-hover:visible .monaco-hover-content").first();
  }

  async hideHover() {
    await this.page.keyboard.press("Escape");
    await this.page.keyboard.press("Escape");
  }

  /** The menu of the light bulb at the cursor. */
  async quickFixes() {
    await this.until(".action-widget .monaco-list-row", () => this.page.keyboard.press("Control+."));
    return this.page.$$eval(".action-widget .monaco-list-row.action", (rows) =>
      rows.map((row) => row.textContent.trim()),
    );
  }

  async chooseQuickFix(title) {
    const focused = this.page.locator(".action-widget .monaco-list-row.focused");
    for (let i = 0; i < 30; i++) {
      if ((await focused.textContent())?.includes(title)) return this.page.keyboard.press("Enter");
      await this.page.keyboard.press("ArrowDown");
    }
    throw new Error(`there is no action "${title}"`);
  }

  async save() {
    await this.page.keyboard.press("Control+S");
    await this.page.waitForFunction(() => document.querySelector(".tab.active.dirty") === null);
  }

  /** The messages in the problems panel. */
  async problems() {
    await this.until(".markers-panel:visible", () => this.page.keyboard.press("Control+Shift+M"));
    return this.page.$$eval(".markers-panel .monaco-list-row", (rows) => rows.map((row) => row.textContent.trim()));
  }

  async hideProblems() {
    const panel = this.page.locator(".markers-panel:visible");
    while ((await panel.count()) > 0) {
      await this.page.keyboard.press("Control+J");
      await panel.waitFor({ state: "hidden", timeout: AGAIN }).catch(() => undefined);
    }
  }

  /** Waits until something is true, and says what it was instead. */
  async eventually(what, wanted, milliseconds = 120_000) {
    const end = Date.now() + milliseconds;
    let last;
    do {
      last = await what();
      if (wanted(last)) return last;
      await this.page.waitForTimeout(50);
    } while (Date.now() < end);
    assert.fail(`it is ${JSON.stringify(last)}`);
  }

  /** The message that comes up in the corner, with this in it. */
  async notification(text) {
    const message = this.page.locator(".notification-list-item", { hasText: text });
    await message.waitFor();
    return message;
  }

  /** What the status item says when the pointer rests on it. */
  async status() {
    const item = this.page.locator('.statusbar-item:has-text("asyncwise")');
    const tooltip = this.page.locator(".monaco-hover", { hasText: /asyncwise \d+\.\d+\.\d+/ });
    await item.hover();
    await tooltip.waitFor();
    return tooltip.textContent();
  }

  /** Keeps a picture. */
  async picture(name, clip) {
    mkdirSync(ARTEFACTS, { recursive: true });
    await this.page.screenshot({
      path: path.join(ARTEFACTS, `${name}.png`),
      animations: "disabled",
      ...(clip ? { clip } : {}),
    });
  }
}
