"""Code actions: listed, made when they are chosen, applied."""

import pytest
from editor import PULLS, with_changes
from lsprotocol import types
from pygls.exceptions import JsonRpcException

NESTED = "import asyncio\n\nasync def work():\n    pass\n\nasync def main():\n    asyncio.run(work())\n"
CONTENT_MODIFIED = -32801


def titled(actions, beginning):
    """The action whose title begins so."""
    return next(action for action in actions if action.title.startswith(beginning))


async def test_run_becomes_await(start):
    editor = await start()
    editor.open("main.py", NESTED)
    assert await editor.pull("main.py") == ["7:5 nested-event-loop"]
    actions = await editor.actions("main.py", "asyncio.run", types.CodeActionKind.QuickFix)
    fix = actions[0]
    assert fix.is_preferred and fix.edit is None and fix.kind == types.CodeActionKind.QuickFix
    assert [diagnostic.code for diagnostic in fix.diagnostics] == ["nested-event-loop"]
    await editor.choose(fix)
    assert editor.source("main.py").endswith("    await work()\n")
    assert await editor.pull("main.py") == []

    with pytest.raises(JsonRpcException) as stale:
        await editor.client.code_action_resolve_async(fix)
    assert stale.value.code == CONTENT_MODIFIED


async def test_run_becomes_await_without_resolving(start):
    without = {"textDocument": {"codeAction": {"resolveSupport": None, "dataSupport": False}}}
    plain = with_changes(PULLS, {**without, "workspace": {"workspaceEdit": {"documentChanges": False}}})
    editor = await start(capabilities=plain)
    editor.open("main.py", NESTED)
    fix = (await editor.actions("main.py", "asyncio.run"))[0]
    assert fix.edit.document_changes is None and fix.data is None
    await editor.choose(fix)
    assert await editor.pull("main.py") == []


async def test_run_becomes_await_by_a_command(start):
    capabilities = with_changes(PULLS, {"textDocument": {"codeAction": None}})
    editor = await start(capabilities=capabilities)
    editor.open("main.py", NESTED)
    commands = await editor.actions("main.py", "asyncio.run")
    assert all(isinstance(command, types.Command) for command in commands)
    await editor.command(commands[0].command, *commands[0].arguments)
    await editor.client.until(lambda: editor.client.edits)
    editor.apply(editor.client.edits[0].edit)
    assert await editor.pull("main.py") == []


async def test_all_is_mended_at_once(start):
    editor = await start()
    editor.open("main.py", NESTED + "\nasync def more():\n    asyncio.run(work())\n")
    assert len(await editor.pull("main.py")) == 2
    for kind in ["source", "source.fixAll", "source.fixAll.asyncwise"]:
        [fix_all] = await editor.actions("main.py", "import", kind)
        assert fix_all.kind == "source.fixAll.asyncwise"
    assert await editor.actions("main.py", "import", "source.fixAll.other") == []
    await editor.choose(fix_all)
    assert await editor.pull("main.py") == []


async def test_a_finding_is_ignored_here(start):
    editor = await start()
    editor.open("main.py", NESTED)
    await editor.choose(titled(await editor.actions("main.py", "asyncio.run"), "Ignore"))
    assert "# asyncwise: ignore[nested-event-loop]" in editor.source("main.py")
    assert await editor.pull("main.py") == []


async def test_a_rule_is_explained(start):
    editor = await start()
    editor.open("main.py", NESTED)
    explain = titled(await editor.actions("main.py", "asyncio.run"), "Explain")
    await editor.command(explain.command.command, *explain.command.arguments)
    await editor.client.until(lambda: editor.client.shown_documents)
    [shown] = editor.client.shown_documents
    assert shown.external and shown.uri.endswith("/nested-event-loop.md")


async def test_a_function_becomes_async_with_its_callers(start):
    helper = "import asyncio\n\nasync def work():\n    pass\n\ndef load():\n    asyncio.run(work())\n"
    main = "import helper\n\nasync def main():\n    helper.load()\n"
    editor = await start({"main.py": main, "helper.py": helper})
    editor.open("main.py")
    editor.open("helper.py")
    # Both are known before the edits are made.
    await editor.indexed()
    assert await editor.pull("main.py") == ["4:5 nested-event-loop"]
    actions = await editor.actions("helper.py", "load():", types.CodeActionKind.Refactor)
    await editor.choose(titled(actions, "Make `load` an async function"))
    assert "async def load():\n    await work()\n" in editor.source("helper.py")
    assert "    await helper.load()\n" in editor.source("main.py")
    assert (await editor.pull("main.py"), await editor.pull("helper.py")) == ([], [])


async def test_unsafe_fixes_are_shown_as_disabled(start):
    text = "import asyncio, time\n\nasync def f():\n    time.sleep(1)\n"
    editor = await start(configuration={"asyncwise": {"unsafeFixes": "hint"}})
    await editor.indexed()
    editor.open("main.py", text)
    fix = (await editor.actions("main.py", "time.sleep"))[0]
    assert fix.disabled.reason and not fix.is_preferred
