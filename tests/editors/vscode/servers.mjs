// Which server is started, and what is said when none can be.
import assert from "node:assert/strict";
import { chmodSync, existsSync, symlinkSync } from "node:fs";
import path from "node:path";

const { ASYNCWISE_BINARY, VSIX, VSIX_UNIVERSAL, VSIX_FOREIGN, VSIX_PYTHON } = process.env;
const JOB = "import asyncio\n\n\nasync def main():\n    asyncio.run(main())\n";
const environment = { PATH: "/usr/bin:/bin" };

export function servers({ inOwnVsCode, makeProject }) {
  const job = () => makeProject("job", { "main.py": JOB }, { isCopy: false });

  /** With programs in virtual environments, which leave traces when they are started. */
  function jobWithEnvironments(...environments) {
    const project = job();
    for (const one of environments) {
      const script = `#!/bin/sh\ntouch "${project.root}/started-${one}"\nexec "${ASYNCWISE_BINARY}" "$@"\n`;
      project.write(`${one}/bin/asyncwise`, script);
      chmodSync(path.join(project.root, one, "bin/asyncwise"), 0o755);
    }
    return project;
  }
  const jobWithEnvironment = () => jobWithEnvironments(".venv");
  const hasStarted = (project, environment = ".venv") => existsSync(path.join(project.root, `started-${environment}`));

  const universal = () => ({ packages: [VSIX_UNIVERSAL], environment });
  inOwnVsCode(
    "without a server it is said how to get one; the setting is taken at once",
    universal,
    job,
    async (code, project) => {
      await code.openFile("main.py");
      const message = await code.notification("asyncwise is not installed");
      await code.picture("not-installed");
      await message.getByText("Open Settings").click();
      await code.page.locator(".settings-editor .setting-item-category", { hasText: "Asyncwise:" }).waitFor();
      await code.picture("setting");
      await code.page.keyboard.press("Escape");

      await code.command("asyncwise: Show Debug Information");
      await code.page.locator(".editor-instance .view-line", { hasText: "not there" }).first().waitFor();
      await code.picture("tried");
      await code.command("Welcome: Open Walkthrough...");
      await code.choose("Get Started with asyncwise");
      await code.page.locator(".gettingStartedDetailsContent .step-title", { hasText: "Install the server" }).waitFor();
      await code.picture("walkthrough-server");
      await code.closeEditors();

      project.write(".vscode/settings.json", { "asyncwise.path": "${workspaceFolder}/nothing" });
      await code.notification("there is no such file");
      symlinkSync(ASYNCWISE_BINARY, path.join(project.root, "own-asyncwise"));
      project.write(".vscode/settings.json", { "asyncwise.path": "${workspaceFolder}/own-asyncwise" });
      await code.openFile("main.py");
      await code.squiggle("error").waitFor();
      assert.match(await code.status(), /from the setting asyncwise\.path/);
    },
  );

  const both = () => ({ packages: [VSIX], environment });
  inOwnVsCode("the Python environment comes before the bundle", both, jobWithEnvironment, async (code, project) => {
    await code.openFile("main.py");
    await code.squiggle("error").waitFor();
    assert.match(await code.status(), /from the Python environment/);
    assert.ok(hasStarted(project));
  });

  const withPython = () => ({ packages: [VSIX, VSIX_PYTHON], environment });
  const several = () => jobWithEnvironments(".venv", "one", "two");
  inOwnVsCode(
    "the environment that is selected counts, and another one later",
    withPython,
    several,
    async (code, project) => {
      await code.openFile("main.py");
      await code.squiggle("error").waitFor();
      // What comes first where the Python extension takes long to start is the environment that is there.
      await code.eventually(
        () => code.status(),
        (text) => text.includes("/job/one/bin/asyncwise"),
      );
      assert.ok(!hasStarted(project, "two"));
      await code.command("Python: Select Next Environment");
      await code.eventually(() => hasStarted(project, "two"), Boolean);
      await code.squiggle("error").waitFor();
    },
  );

  const untrusted = () => ({ packages: [VSIX], environment, trusts: false });
  inOwnVsCode(
    "a workspace that is not trusted starts nothing of its own",
    untrusted,
    jobWithEnvironment,
    async (code, project) => {
      await code.openFile("main.py");
      await code.squiggle("error").waitFor();
      assert.match(await code.status(), /bundled/);
      assert.ok(!hasStarted(project));
      await code.picture("untrusted");

      await code.page.locator(".statusbar-item", { hasText: "Restricted Mode" }).click();
      await code.page.locator(".workspace-trust-editor .monaco-button", { hasText: "Trust" }).first().click();
      await code.eventually(() => hasStarted(project), Boolean);
      await code.openFile("main.py");
      await code.eventually(
        () => code.status(),
        (text) => /from the Python environment/.test(text),
      );
    },
  );

  const foreign = () => ({ packages: [VSIX_FOREIGN], environment });
  inOwnVsCode("a package for another platform says so", foreign, job, async (code) => {
    await code.openFile("main.py");
    await code.notification("it was built for another platform");
    await code.picture("foreign");
  });
}
