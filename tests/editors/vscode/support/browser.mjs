// A browser that asks nobody outside of this machine.
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(process.env.ASYNCWISE_EDITORS, "vscode/"));
const { chromium } = require("playwright-core");

const SILENT = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function startBrowser() {
  return chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: SILENT });
}

/** A window of its own, with nothing remembered. */
export async function newPage(browser) {
  const context = await browser.newContext({
    viewport: { width: 1180, height: 760 },
    deviceScaleFactor: 1.5,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  await context.route(/^https?:\/\/(?!127\.0\.0\.1[:/])/, (route) => route.abort());
  const page = await context.newPage();
  // Many things may be done on the machine at once.
  page.setDefaultTimeout(120_000);
  return page;
}
