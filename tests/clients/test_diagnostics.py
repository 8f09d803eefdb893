"""Diagnostics: asked for, sent, of texts, of the workspace."""

import pytest
from editor import PULLS, PUSHED, brief, with_changes
from lsprotocol import types
from pytest_lsp import client_capabilities

MAIN = "from helper import load\n\n\nasync def main():\n    load()\n"
BLOCKS = "import time\n\n\ndef load():\n    time.sleep(1)\n"
HARMLESS = "def load():\n    return 1\n"
FOUND = ["5:5 blocking-call"]


async def test_a_diagnostic_says_all_that_it_can(start):
    editor = await start({"main.py": MAIN, "helper.py": BLOCKS})
    await editor.indexed()
    editor.open("main.py")
    report = await editor.report("main.py")
    assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
    [found] = report.items
    assert (found.code, found.source, found.severity) == ("blocking-call", "asyncwise", types.DiagnosticSeverity.Error)
    assert found.code_description.href.endswith("/blocking-call.md")
    assert found.data is not None
    end = found.related_information[-1].location
    assert (end.uri, end.range.start) == (editor.uri("helper.py"), types.Position(4, 4))

    again = await editor.report("main.py", report.result_id)
    assert isinstance(again, types.RelatedUnchangedDocumentDiagnosticReport)
    assert again.result_id == report.result_id


async def test_a_plain_client_is_told_nothing_that_it_cannot_show(start):
    capabilities = {"textDocument": {"diagnostic": {}}, "window": {"workDoneProgress": True}}
    editor = await start({"main.py": MAIN, "helper.py": BLOCKS}, capabilities=capabilities)
    await editor.indexed()
    editor.open("main.py")
    [found] = (await editor.report("main.py")).items
    assert (found.code_description, found.related_information, found.data, found.tags) == (None, None, None, None)


async def test_an_edit_concerns_other_texts(start):
    editor = await start({"main.py": MAIN, "helper.py": HARMLESS})
    await editor.indexed()
    editor.open("main.py")
    editor.open("helper.py")
    assert await editor.pull("main.py") == []
    before = editor.client.refreshed["diagnostics"]
    editor.replace("helper.py", HARMLESS, BLOCKS)
    await editor.client.until(lambda: editor.client.refreshed["diagnostics"] > before)
    assert await editor.pull("main.py") == FOUND


async def test_diagnostics_are_sent_to_clients_that_do_not_ask(start):
    editor = await start({"main.py": MAIN, "helper.py": HARMLESS}, capabilities=PUSHED)
    assert editor.offered.diagnostic_provider is None
    await editor.indexed()
    editor.open("main.py")
    await editor.pushed("main.py", [])
    editor.open("helper.py")
    editor.replace("helper.py", HARMLESS, BLOCKS)
    await editor.pushed("main.py", FOUND)
    [found] = editor.client.diagnostics[editor.uri("main.py")]
    assert found.related_information and found.code_description and found.data is not None
    editor.replace("helper.py", "time.sleep(1)", "pass")
    await editor.pushed("main.py", [])
    editor.replace("helper.py", "pass", "time.sleep(1)")
    await editor.pushed("main.py", FOUND)
    editor.close("main.py")
    await editor.pushed("main.py", [])


@pytest.mark.parametrize("name", ["visual-studio-code", "neovim@v0.6.1", "neovim@v0.10.0", "neovim@v0.11.0", "emacs"])
async def test_editors_as_they_are(start, name):
    """Neovim 0.10 and 0.11 ask for diagnostics, and cannot be told that they are not true any more."""
    editor = await start({"main.py": MAIN, "helper.py": BLOCKS}, capabilities=client_capabilities(name))
    editor.open("main.py")
    await editor.pushed("main.py", FOUND)
    editor.open("helper.py")
    editor.replace("helper.py", "time.sleep(1)", "pass")
    await editor.pushed("main.py", [])
    editor.replace("helper.py", "pass", "time.sleep(1)")
    await editor.pushed("main.py", FOUND)
    actions = await editor.actions("main.py", "load()\n", types.CodeActionKind.QuickFix)
    ignore = next(action for action in actions if action.title.startswith("Ignore"))
    await editor.choose(ignore)
    await editor.pushed("main.py", [])


async def test_the_workspace_in_parts(start):
    files = {"helper.py": BLOCKS, "main.py": MAIN, **{f"main{n}.py": MAIN for n in range(60)}}
    editor = await start(files, configuration={"asyncwise": {"diagnosticMode": "workspace"}})
    assert editor.offered.diagnostic_provider.workspace_diagnostics

    async def ask(known, token=None):
        params = types.WorkspaceDiagnosticParams(previous_result_ids=known, partial_result_token=token)
        return (await editor.client.workspace_diagnostic_async(params)).items

    await editor.indexed()
    assert not await ask([], "parts")
    items = editor.client.partial["parts"]
    assert {item.uri for item in items} == {editor.uri(name) for name in files} - {editor.uri("helper.py")}
    assert all(brief(item.items) == FOUND and item.version is None for item in items)
    known = [types.PreviousResultId(uri=item.uri, value=item.result_id) for item in items]
    assert {item.kind for item in await ask(known)} == {"unchanged"}

    editor.open("main.py")
    editor.replace("main.py", "    load()", "    pass")
    [changed] = [item for item in await ask(known) if item.kind == "full"]
    assert (changed.uri, changed.version, len(changed.items)) == (editor.uri("main.py"), 2, 0)


async def test_the_workspace_is_not_told_where_that_is_not_wanted(start):
    editor = await start({"main.py": MAIN, "helper.py": BLOCKS})
    await editor.indexed()
    params = types.WorkspaceDiagnosticParams(previous_result_ids=[])
    assert not (await editor.client.workspace_diagnostic_async(params)).items


@pytest.mark.parametrize(
    ("encodings", "agreed", "column"),
    [(["utf-8"], "utf-8", 13), (["utf-16"], "utf-16", 11), (["utf-32"], "utf-32", 10), (None, "utf-16", 11)],
)
async def test_columns_are_counted_as_agreed(start, encodings, agreed, column):
    capabilities = with_changes(PULLS, {"general": {"positionEncodings": encodings}})
    editor = await start(capabilities=capabilities)
    assert editor.offered.position_encoding == agreed
    editor.open("main.py", "import time\n\nasync def f():\n    '🎈'; pass\n")
    editor.replace("main.py", "pass", "time.sleep(1)")
    assert await editor.pull("main.py") == [f"4:{column} blocking-call"]
    [action, *_] = await editor.actions("main.py", "sleep")
    await editor.choose(action)
    assert "'🎈'; await asyncio.sleep(1)\n" in editor.source("main.py")
    assert await editor.pull("main.py") == []
