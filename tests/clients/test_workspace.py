"""Folders, settings, files on the disk."""

from editor import PUSHED
from lsprotocol import types

MAIN = "from helper import load\n\nasync def main():\n    load()\n"
BLOCKS = "import time\n\ndef load():\n    time.sleep(1)\n"
HARMLESS = "def load():\n    return 1\n"
FOUND = ["4:5 blocking-call"]


async def test_several_folders(start):
    files = {"a/main.py": MAIN, "a/helper.py": BLOCKS, "b/main.py": MAIN, "b/helper.py": HARMLESS}
    editor = await start(files, folders=("a", "b"))
    editor.open("a/main.py")
    editor.open("b/main.py")
    await editor.indexed()
    assert (await editor.pull("a/main.py"), await editor.pull("b/main.py")) == (FOUND, [])


async def test_folders_come_and_go(start):
    editor = await start({"a/main.py": MAIN, "a/helper.py": BLOCKS, "b/x.py": ""}, folders=("b",))
    await editor.indexed()
    folder = types.WorkspaceFolder(uri=editor.uri("a"), name="a")

    def change(added, removed):
        event = types.WorkspaceFoldersChangeEvent(added=added, removed=removed)
        editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event=event))

    loads = len(editor.client.progress_reports)
    change([folder], [])
    await editor.client.until(lambda: len(editor.client.progress_reports) > loads)
    await editor.indexed()
    editor.open("a/main.py")
    assert await editor.pull("a/main.py") == FOUND
    change([], [folder])
    await editor.pull("a/main.py")


async def test_settings_of_folders(start):
    files = {"a/main.py": MAIN, "a/helper.py": BLOCKS, "b/main.py": MAIN, "b/helper.py": BLOCKS}
    editor = await start(files, folders=("a", "b"))
    editor.open("a/main.py")
    editor.open("b/main.py")
    await editor.indexed()
    assert (await editor.pull("a/main.py"), await editor.pull("b/main.py")) == (FOUND, FOUND)
    before = editor.client.refreshed["diagnostics"]
    editor.client.set_configuration({"asyncwise": {"ignore": ["blocking-call"]}}, scope_uri=editor.uri("a"))
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=None))
    await editor.client.until(lambda: editor.client.refreshed["diagnostics"] > before)
    assert (await editor.pull("a/main.py"), await editor.pull("b/main.py")) == ([], FOUND)


async def test_settings_that_come_with_the_change(start):
    editor = await start({"main.py": MAIN, "helper.py": BLOCKS}, capabilities=PUSHED)
    editor.open("main.py")
    await editor.pushed("main.py", FOUND)
    settings = {"asyncwise": {"ignore": ["blocking-call"], "ignor": []}}
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=settings))
    await editor.pushed("main.py", [])
    await editor.client.until(lambda: editor.client.messages)
    [warning] = editor.client.messages
    assert (warning.type, "`ignor`" in warning.message) == (types.MessageType.Warning, True)


async def test_settings_from_the_beginning(start):
    editor = await start({"main.py": MAIN, "helper.py": BLOCKS}, capabilities=PUSHED, options={"ignore": ["all"]})
    await editor.indexed()
    editor.open("main.py")
    await editor.pushed("main.py", [])


async def test_files_change_on_the_disk(start, tmp_path):
    editor = await start({"main.py": MAIN, "helper.py": HARMLESS}, capabilities=PUSHED)
    await editor.indexed()
    editor.open("main.py")
    await editor.pushed("main.py", [])
    (tmp_path / "helper.py").write_text(BLOCKS)
    editor.touched("helper.py")
    await editor.pushed("main.py", FOUND)
    (tmp_path / "helper.py").unlink()
    editor.touched("helper.py", types.FileChangeType.Deleted)
    await editor.pushed("main.py", [])
    (tmp_path / "helper.py").write_text(BLOCKS)
    editor.touched("helper.py", types.FileChangeType.Created)
    await editor.pushed("main.py", FOUND)


async def test_files_are_made_renamed_and_deleted(start, tmp_path):
    editor = await start({"main.py": MAIN, "other.py": BLOCKS})
    await editor.indexed()
    editor.open("main.py")
    assert await editor.pull("main.py") == []
    (tmp_path / "other.py").rename(tmp_path / "helper.py")
    rename = types.FileRename(old_uri=editor.uri("other.py"), new_uri=editor.uri("helper.py"))
    editor.client.workspace_did_rename_files(types.RenameFilesParams(files=[rename]))
    assert await editor.pull("main.py") == FOUND
    (tmp_path / "helper.py").unlink()
    delete = types.FileDelete(uri=editor.uri("helper.py"))
    editor.client.workspace_did_delete_files(types.DeleteFilesParams(files=[delete]))
    assert await editor.pull("main.py") == []
    (tmp_path / "helper.py").write_text(BLOCKS)
    create = types.FileCreate(uri=editor.uri("helper.py"))
    editor.client.workspace_did_create_files(types.CreateFilesParams(files=[create]))
    assert await editor.pull("main.py") == FOUND


async def test_a_broken_configuration_file_is_a_diagnostic_of_it(start):
    editor = await start({"main.py": MAIN, "asyncwise.toml": "selec = ['all']\n"})
    await editor.client.until(lambda: editor.client.diagnostics.get(editor.uri("asyncwise.toml")))
    [problem] = editor.client.diagnostics[editor.uri("asyncwise.toml")]
    assert (problem.range.start.line, "selec" in problem.message) == (0, True)
