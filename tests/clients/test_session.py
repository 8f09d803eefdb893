"""How a session begins and ends."""

import pytest
from editor import PULLS, PUSHED
from lsprotocol import types
from pygls.exceptions import JsonRpcException

METHOD_NOT_FOUND = -32601

METHODS = {
    "hover_provider": [types.TEXT_DOCUMENT_HOVER],
    "code_action_provider": [types.TEXT_DOCUMENT_CODE_ACTION],
    "code_lens_provider": [types.TEXT_DOCUMENT_CODE_LENS],
    "inlay_hint_provider": [types.TEXT_DOCUMENT_INLAY_HINT],
    "call_hierarchy_provider": [types.TEXT_DOCUMENT_PREPARE_CALL_HIERARCHY],
    "diagnostic_provider": [types.TEXT_DOCUMENT_DIAGNOSTIC, types.WORKSPACE_DIAGNOSTIC],
    "execute_command_provider": [types.WORKSPACE_EXECUTE_COMMAND],
    "completion_provider": [types.TEXT_DOCUMENT_COMPLETION],
    "signature_help_provider": [types.TEXT_DOCUMENT_SIGNATURE_HELP],
    "declaration_provider": [types.TEXT_DOCUMENT_DECLARATION],
    "definition_provider": [types.TEXT_DOCUMENT_DEFINITION],
    "type_definition_provider": [types.TEXT_DOCUMENT_TYPE_DEFINITION],
    "implementation_provider": [types.TEXT_DOCUMENT_IMPLEMENTATION],
    "references_provider": [types.TEXT_DOCUMENT_REFERENCES],
    "document_highlight_provider": [types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT],
    "document_symbol_provider": [types.TEXT_DOCUMENT_DOCUMENT_SYMBOL],
    "document_link_provider": [types.TEXT_DOCUMENT_DOCUMENT_LINK],
    "color_provider": [types.TEXT_DOCUMENT_DOCUMENT_COLOR],
    "workspace_symbol_provider": [types.WORKSPACE_SYMBOL],
    "document_formatting_provider": [types.TEXT_DOCUMENT_FORMATTING],
    "document_range_formatting_provider": [types.TEXT_DOCUMENT_RANGE_FORMATTING],
    "document_on_type_formatting_provider": [types.TEXT_DOCUMENT_ON_TYPE_FORMATTING],
    "rename_provider": [types.TEXT_DOCUMENT_RENAME],
    "folding_range_provider": [types.TEXT_DOCUMENT_FOLDING_RANGE],
    "selection_range_provider": [types.TEXT_DOCUMENT_SELECTION_RANGE],
    "linked_editing_range_provider": [types.TEXT_DOCUMENT_LINKED_EDITING_RANGE],
    "semantic_tokens_provider": [types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL],
    "moniker_provider": [types.TEXT_DOCUMENT_MONIKER],
    "type_hierarchy_provider": [types.TEXT_DOCUMENT_PREPARE_TYPE_HIERARCHY],
}
"""The requests that a capability promises an answer to."""

PARAMETERS = {
    "position": {"line": 0, "character": 0},
    "positions": [],
    "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
    "context": {"diagnostics": [], "includeDeclaration": True, "triggerKind": 1, "isRetrigger": False},
    "options": {"tabSize": 4, "insertSpaces": True},
    "previousResultIds": [],
    "query": "",
    "ch": ":",
    "newName": "x",
    "command": "asyncwise.debugInformation",
    "arguments": [],
}
"""What one of the requests needs or another."""


@pytest.mark.parametrize("capabilities", [PULLS, PUSHED, {}])
async def test_what_is_offered_is_there_and_nothing_else(start, capabilities):
    editor = await start(capabilities=capabilities)
    editor.open("main.py", "import time\n")
    for capability, methods in METHODS.items():
        for method in methods:
            is_offered = bool(getattr(editor.offered, capability))
            try:
                await editor.client.ask(method, PARAMETERS | {"textDocument": {"uri": editor.uri("main.py")}})
                is_there = True
            except JsonRpcException as error:
                assert error.code == METHOD_NOT_FOUND
                is_there = False
            # Who does not say that it can ask for diagnostics may ask all the same.
            assert is_there == is_offered or capability == "diagnostic_provider", method


async def test_what_is_offered(start):
    editor = await start()
    offered = editor.offered
    assert editor.result.server_info.name == "asyncwise"
    assert offered.text_document_sync.open_close
    assert offered.text_document_sync.change == types.TextDocumentSyncKind.Incremental
    assert offered.diagnostic_provider.inter_file_dependencies
    assert offered.code_action_provider.resolve_provider
    assert "source.fixAll.asyncwise" in offered.code_action_provider.code_action_kinds
    assert offered.workspace.workspace_folders.supported
    [selector] = offered.notebook_document_sync.notebook_selector
    assert selector.notebook == "jupyter-notebook"
    await editor.client.until(lambda: editor.client.registrations)
    await editor.indexed()
    registered = {registration.method: registration.register_options for registration in editor.client.registrations}
    watchers = registered[types.WORKSPACE_DID_CHANGE_WATCHED_FILES]["watchers"]
    assert {"globPattern": "**/*.{py,pyi,ipynb}"} in watchers


async def test_a_client_that_cannot_do_anything(start):
    editor = await start({"main.py": "import time\n\nasync def f():\n    time.sleep(1)\n"}, capabilities={})
    assert editor.offered.diagnostic_provider is None
    assert editor.offered.code_action_provider is True, "commands have no options"
    editor.open("main.py")
    await editor.pushed("main.py", ["4:5 blocking-call"])
    [found] = editor.client.diagnostics[editor.uri("main.py")]
    assert (found.code_description, found.related_information, found.data) == (None, None, None)
    assert not editor.client.registrations and not editor.client.progress_reports


async def test_nothing_is_answered_after_shutdown(start):
    editor = await start()
    await editor.shut_down()
    with pytest.raises(JsonRpcException) as refused:
        await editor.command("asyncwise.debugInformation")
    assert refused.value.code == -32600
