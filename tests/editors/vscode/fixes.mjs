// What a person does about findings.
import assert from "node:assert/strict";

const JOB = `import asyncio


async def fetch():
    await asyncio.sleep(1)


async def main():
    asyncio.run(fetch())
`;
const FIXED = JOB.replace("asyncio.run(fetch())", "await fetch()");

export function fixes({ inProject, makeProject }) {
  const job =
    (files = {}) =>
    () =>
      makeProject("job", { "main.py": JOB, ...files }, { isCopy: false });

  inProject("a quick fix replaces asyncio.run by await", job(), async (code, project) => {
    await code.openFile("main.py");
    await code.squiggle("error").waitFor();
    await code.goTo(9, 8);
    const titles = await code.quickFixes();
    assert.equal(titles[0], "Replace asyncio.run() by await");
    await code.picture("fix");
    await code.picture("readme-fix", { x: 347, y: 30, width: 560, height: 345 });
    await code.chooseQuickFix("Replace asyncio.run() by await");
    await code.noSquiggle();
    await code.save();
    assert.equal(project.read("main.py"), FIXED);
  });

  const onSave = { ".vscode/settings.json": { "editor.codeActionsOnSave": { "source.fixAll.asyncwise": "explicit" } } };
  inProject("a save fixes all in the file", job(onSave), async (code, project) => {
    await code.openFile("main.py");
    await code.squiggle("error").waitFor();
    await code.goTo(10, 1);
    await code.page.keyboard.insertText("    fetch()");
    await code.page.locator(".editor-instance .squiggly-error").nth(1).waitFor();
    // The editor saves without fixes that take long, as they may on a busy machine; a person saves again.
    const saved = async () => {
      await code.save();
      return project.read("main.py");
    };
    await code.eventually(saved, (text) => text === `${FIXED}    await fetch()`);
    await code.noSquiggle();
  });

  inProject("all files of the workspace are fixed at once", job({ "other.py": JOB }), async (code, project) => {
    await code.openFile("main.py");
    await code.squiggle("error").waitFor();
    await code.command("asyncwise: Fix All in Workspace");
    const dialog = code.page.locator(".monaco-dialog-box");
    await dialog.waitFor();
    assert.match(await dialog.textContent(), /Apply 2 safe edits in 2 files\?/);
    await code.picture("fix-workspace");
    await dialog.getByText("Apply", { exact: true }).click();
    await code.noSquiggle();
    await code.command("File: Save All Files");
    await code.eventually(
      () => project.read("other.py"),
      (text) => text === FIXED,
    );
    assert.equal(project.read("main.py"), FIXED);
  });
}
