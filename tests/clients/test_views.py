"""What an editor shows beside diagnostics: hovers, lenses, hints, hierarchies, what commands give."""

import pytest
from editor import PULLS, with_changes
from lsprotocol import types
from pygls.exceptions import JsonRpcException

MAIN = "from helper import load\n\nasync def main():\n    load()\n"
HELPER = "import time\n\ndef load():\n    time.sleep(1)\n"
FILES = {"main.py": MAIN, "helper.py": HELPER}


async def project(start, **how):
    """An editor with both files open and read."""
    editor = await start(FILES, **how)
    editor.open("main.py")
    editor.open("helper.py")
    await editor.indexed()
    return editor


async def hover(editor, name, before):
    """`textDocument/hover`."""
    at = editor.at(name, before)
    return await editor.client.text_document_hover_async(types.HoverParams(at.text_document, at.position))


@pytest.mark.parametrize(
    ("formats", "kind"),
    [
        (["markdown", "plaintext"], types.MarkupKind.Markdown),
        (["plaintext", "markdown"], types.MarkupKind.PlainText),
        (["plaintext"], types.MarkupKind.PlainText),
    ],
)
async def test_hovers(start, formats, kind):
    editor = await project(
        start, capabilities=with_changes(PULLS, {"textDocument": {"hover": {"contentFormat": formats}}})
    )
    found = await hover(editor, "main.py", "load()")
    assert found.contents.kind == kind
    assert "time.sleep" in found.contents.value
    is_markdown = kind == types.MarkupKind.Markdown
    assert ("](" in found.contents.value) == is_markdown, found.contents.value
    assert found.range.start == editor.position("main.py", "load()")
    assert await hover(editor, "main.py", "\nasync") is None


async def test_lenses_tell_who_reaches_a_function(start):
    editor = await project(start)
    params = types.CodeLensParams(text_document=editor.named("helper.py"))
    [lens] = await editor.client.text_document_code_lens_async(params)
    assert "1 coroutine" in lens.command.title
    assert lens.command.command in editor.offered.execute_command_provider.commands
    [path] = await editor.command(lens.command.command, *lens.command.arguments)
    assert path["steps"][0]["location"]["uri"] == editor.uri("main.py")


async def hints(editor):
    """`textDocument/inlayHint` for all of `main.py`."""
    everything = types.Range(types.Position(0, 0), types.Position(99, 0))
    params = types.InlayHintParams(text_document=editor.named("main.py"), range=everything)
    return await editor.client.text_document_inlay_hint_async(params)


async def test_hints_are_shown_where_that_is_wanted(start):
    editor = await project(start, configuration={"asyncwise": {"inlayHints": True}})
    [hint] = await hints(editor)
    assert hint.label == "blocks: time.sleep"
    assert hint.position == types.Position(3, 10)
    # The change is told, and asked about.
    before = editor.client.refreshed["hints"]
    editor.client.set_configuration({"asyncwise": {"inlayHints": False}})
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=None))
    await editor.client.until(lambda: editor.client.refreshed["hints"] > before)
    assert not await hints(editor)


async def test_the_call_hierarchy_goes_both_ways(start):
    editor = await project(start)
    at = editor.at("helper.py", "load():")
    prepare = types.CallHierarchyPrepareParams(at.text_document, at.position)
    [load] = await editor.client.text_document_prepare_call_hierarchy_async(prepare)
    assert (load.name, load.kind, load.uri) == ("load", types.SymbolKind.Function, editor.uri("helper.py"))
    incoming = types.CallHierarchyIncomingCallsParams(item=load)
    [call] = await editor.client.call_hierarchy_incoming_calls_async(incoming)
    assert (call.from_.name, call.from_.uri) == ("main", editor.uri("main.py"))
    assert [r.start for r in call.from_ranges] == [editor.position("main.py", "load()")]
    outgoing = types.CallHierarchyOutgoingCallsParams(item=call.from_)
    [back] = await editor.client.call_hierarchy_outgoing_calls_async(outgoing)
    assert back.to == load
    assert back.from_ranges == call.from_ranges


async def test_every_command(start):
    editor = await start()
    editor.open("main.py", "import asyncio\n\nasync def f():\n    asyncio.run(f())\n")
    fix = (await editor.actions("main.py", "asyncio.run"))[0]
    arguments = {
        "asyncwise.applyFix": [fix.data],
        "asyncwise.restart": [],
        "asyncwise.showPath": [editor.uri("main.py"), editor.position("main.py", "asyncio.run")],
        "asyncwise.explain": ["blocking-call"],
        "asyncwise.fixAll": [editor.uri("main.py")],
        "asyncwise.fixWorkspace": [False],
        "asyncwise.debugInformation": [],
    }
    assert set(editor.offered.execute_command_provider.commands) == arguments.keys()
    results = {name: await editor.command(name, *given) for name, given in arguments.items()}
    assert results["asyncwise.explain"].startswith("# ")
    assert "asyncwise" in results["asyncwise.debugInformation"]

    await editor.client.until(lambda: len(editor.client.edits) == 2)
    one, all_fixes = editor.client.edits
    assert one.edit == all_fixes.edit
    editor.apply(one.edit)
    assert await editor.pull("main.py") == []

    for name, given in [("asyncwise.nothing", []), ("asyncwise.explain", ["nothing"]), ("asyncwise.fixAll", [])]:
        with pytest.raises(JsonRpcException) as refused:
            await editor.command(name, *given)
        assert refused.value.code == -32602
