"""An editor around the strict client: its texts, and what a user does with them."""

import os
from pathlib import Path

from lsprotocol import types
from lsprotocol.converters import get_converter
from pygls.exceptions import JsonRpcException
from pygls.workspace import PositionCodec, TextDocument
from strict import StrictClient

SERVER_CANCELLED = -32802

PULLS = {
    "textDocument": {
        "diagnostic": {
            "relatedInformation": True,
            "codeDescriptionSupport": True,
            "dataSupport": True,
            "tagSupport": {"valueSet": [1, 2]},
        },
        "codeAction": {
            "codeActionLiteralSupport": {
                "codeActionKind": {"valueSet": ["", "quickfix", "refactor", "source", "source.fixAll"]}
            },
            "dataSupport": True,
            "disabledSupport": True,
            "isPreferredSupport": True,
            "resolveSupport": {"properties": ["edit"]},
        },
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "codeLens": {},
        "inlayHint": {},
        "callHierarchy": {},
    },
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True},
        "workspaceFolders": True,
        "configuration": True,
        "diagnostics": {"refreshSupport": True},
        "codeLens": {"refreshSupport": True},
        "inlayHint": {"refreshSupport": True},
        "didChangeConfiguration": {"dynamicRegistration": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True, "relativePatternSupport": True},
        "fileOperations": {"didCreate": True, "didRename": True, "didDelete": True},
        "executeCommand": {},
    },
    "notebookDocument": {"synchronization": {}},
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
    "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
}
"""What an editor of today can do."""

PUSHED = {
    "textDocument": {
        "publishDiagnostics": {
            "relatedInformation": True,
            "codeDescriptionSupport": True,
            "dataSupport": True,
            "versionSupport": True,
        },
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}},
        "hover": {"contentFormat": ["plaintext"]},
    },
    "window": {"workDoneProgress": True},
}
"""What an editor can do that is sent diagnostics, and nothing else."""


def with_changes(base, changes):
    """The base with the changes, which may be deep in it."""
    merged = dict(base)
    for key, value in changes.items():
        merged[key] = with_changes(merged[key], value) if isinstance(value, dict) and key in merged else value
    return merged


def brief(diagnostics):
    """Diagnostics as `line:column code`, counted from 1."""
    return [f"{d.range.start.line + 1}:{d.range.start.character + 1} {d.code}" for d in diagnostics]


class Editor:
    """One session with a server."""

    def __init__(self, root: Path, client: StrictClient):
        self.root = root
        self.client = client
        self.texts: dict[str, TextDocument] = {}
        """The open texts, by URI."""
        self.is_shut_down = False
        self.result: types.InitializeResult

    @classmethod
    async def start(cls, root, capabilities=PULLS, folders=("",), options=None, configuration=None):
        """Starts a server for the folders below the root."""
        editor = cls(root, StrictClient())
        editor.client.set_configuration(configuration or {})
        environment = {**os.environ, "HOME": str(root.parent / "nobody")}
        await editor.client.start_io(os.environ["ASYNCWISE"], "server", env=environment)
        if isinstance(capabilities, dict):
            capabilities = get_converter().structure(capabilities, types.ClientCapabilities)
        params = types.InitializeParams(
            capabilities=capabilities,
            initialization_options=options,
            workspace_folders=[types.WorkspaceFolder(uri=editor.uri(name), name=name or "root") for name in folders],
        )
        editor.result = await editor.client.initialize_session(params)
        return editor

    @property
    def offered(self):
        """The capabilities of the server."""
        return self.result.capabilities

    async def shut_down(self):
        """Says that the session ends."""
        await self.client.shutdown_async(None)
        self.is_shut_down = True

    async def finish(self):
        """Ends the session; nothing may have been wrong in it."""
        if self.client.error is None:
            if not self.is_shut_down:
                await self.shut_down()
            self.client.exit(None)
        await self.client.stop()
        assert not self.client.complaints, "\n".join(self.client.complaints)
        assert self.client._server.returncode == 0

    def uri(self, name):
        """The URI of a file below the root; a name with a scheme is one already."""
        path = self.root / name if name else self.root
        return name if ":" in name else path.as_uri()

    def named(self, name):
        """The identifier of a text."""
        return types.TextDocumentIdentifier(uri=self.uri(name))

    async def indexed(self):
        """Waits until all projects are read."""
        reports = self.client.progress_reports
        await self.client.until(lambda: reports and reports.keys() == self.client.ended)

    def new_text(self, name, source):
        """A text of the editor."""
        codec = PositionCodec(self.offered.position_encoding or types.PositionEncodingKind.Utf16)
        text = TextDocument(self.uri(name), source, 1, "python", position_codec=codec)
        self.texts[text.uri] = text
        return types.TextDocumentItem(uri=text.uri, language_id="python", version=1, text=source)

    def open(self, name, source=None):
        """Opens a text: that of the file, or another."""
        source = source if source is not None else (self.root / name).read_text(encoding="utf-8")
        item = self.new_text(name, source)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))

    def close(self, name):
        """Closes a text."""
        del self.texts[self.uri(name)]
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(text_document=self.named(name)))

    def source(self, name):
        """The text as the editor has it."""
        return self.texts[self.uri(name)].source

    def change(self, name, changes):
        """Changes a text, and tells the server."""
        text = self.texts[self.uri(name)]
        for change in changes:
            text.apply_change(change)
        text.version += 1
        identifier = types.VersionedTextDocumentIdentifier(uri=text.uri, version=text.version)
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(text_document=identifier, content_changes=changes)
        )

    def replace(self, name, old, new):
        """Replaces the first `old` of a text, by a change of this part alone."""
        text = self.texts[self.uri(name)]
        offset = text.source.index(old)
        where = types.Range(text.client_position_at_offset(offset), text.client_position_at_offset(offset + len(old)))
        self.change(name, [types.TextDocumentContentChangePartial(range=where, text=new)])

    def position(self, name, before):
        """Where `before` begins in a text."""
        text = self.texts[self.uri(name)]
        return text.client_position_at_offset(text.source.index(before))

    def at(self, name, before):
        """The place where `before` begins, as most requests want it."""
        return types.TextDocumentPositionParams(text_document=self.named(name), position=self.position(name, before))

    async def report(self, name, previous=None):
        """Asks for the diagnostics of a text, again as long as the server wants that."""
        params = types.DocumentDiagnosticParams(
            text_document=self.named(name),
            identifier=self.offered.diagnostic_provider.identifier,
            previous_result_id=previous,
        )
        while True:
            try:
                return await self.client.text_document_diagnostic_async(params)
            except JsonRpcException as error:
                if error.code != SERVER_CANCELLED or not error.data.retriggerRequest:
                    raise

    async def pull(self, name):
        """The diagnostics of a text as `line:column code`."""
        return brief((await self.report(name)).items)

    async def pushed(self, name, expected):
        """Waits until these diagnostics were sent for a text."""
        sent = self.client.diagnostics
        await self.client.until(lambda: brief(sent.get(self.uri(name), ())) == expected and self.uri(name) in sent)

    async def actions(self, name, before, only=None):
        """The code actions where `before` begins, with the diagnostics that lie there."""
        here = self.position(name, before)
        diagnostics = []
        if self.offered.diagnostic_provider:
            diagnostics = (await self.report(name)).items
        diagnostics = [d for d in diagnostics if d.range.start.line == here.line]
        only = None if only is None else [only]
        params = types.CodeActionParams(
            text_document=self.named(name),
            range=types.Range(here, here),
            context=types.CodeActionContext(
                diagnostics=diagnostics, only=only, trigger_kind=types.CodeActionTriggerKind.Invoked
            ),
        )
        return await self.client.text_document_code_action_async(params) or []

    async def choose(self, action):
        """Does what an action says."""
        if action.edit is None and action.command is None:
            action = await self.client.code_action_resolve_async(action)
        self.apply(action.edit)

    def apply(self, edit: types.WorkspaceEdit):
        """Applies an edit to open texts, whose versions it must have."""
        by_text = dict(edit.changes or {})
        for change in edit.document_changes or []:
            assert isinstance(change, types.TextDocumentEdit)
            uri = change.text_document.uri
            assert change.text_document.version == self.texts[uri].version
            by_text[uri] = change.edits
        assert by_text, edit
        for uri, edits in by_text.items():
            self.change(uri, self.in_order(uri, edits))

    def in_order(self, uri, edits):
        """Edits, all for one state of a text, as changes that follow each other: the last of the text first."""
        offset = self.texts[uri].offset_at_position
        edits = sorted(edits, key=lambda edit: offset(edit.range.start))
        for one, next_one in zip(edits, edits[1:]):
            assert offset(one.range.end) <= offset(next_one.range.start), "edits overlap"
        return [types.TextDocumentContentChangePartial(range=e.range, text=e.new_text) for e in reversed(edits)]

    async def command(self, name, *arguments):
        """`workspace/executeCommand`."""
        params = types.ExecuteCommandParams(command=name, arguments=list(arguments))
        return await self.client.workspace_execute_command_async(params)

    def touched(self, name, kind=types.FileChangeType.Changed):
        """Says that a file has changed on the disk."""
        event = types.FileEvent(uri=self.uri(name), type=kind)
        self.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changes=[event]))
