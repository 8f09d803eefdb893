"""Notebooks: their cells are one module."""

import pytest
from editor import PULLS, PUSHED
from lsprotocol import types

KIND = "vscode-notebook-cell:/book.ipynb#"


class Notebook:
    """A notebook that is open in an editor."""

    def __init__(self, editor, **cells):
        self.editor, self.uri, self.version = editor, editor.uri("book.ipynb"), 1
        items = [editor.new_text(KIND + name, text) for name, text in cells.items()]
        document = types.NotebookDocument(
            uri=self.uri, notebook_type="jupyter-notebook", version=1, cells=[self.cell(name) for name in cells]
        )
        editor.client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(document, items))

    @staticmethod
    def cell(name):
        """A cell as the notebook has it."""
        return types.NotebookCell(kind=types.NotebookCellKind.Code, document=KIND + name)

    def change(self, **what):
        """Changes the cells."""
        self.version += 1
        cells = types.NotebookDocumentCellChanges(**what)
        self.editor.client.notebook_document_did_change(
            types.DidChangeNotebookDocumentParams(
                notebook_document=types.VersionedNotebookDocumentIdentifier(uri=self.uri, version=self.version),
                change=types.NotebookDocumentChangeEvent(cells=cells),
            )
        )

    def insert(self, at, name, text):
        """Puts a new cell before the one at this index."""
        array = types.NotebookCellArrayChange(start=at, delete_count=0, cells=[self.cell(name)])
        opened = [self.editor.new_text(KIND + name, text)]
        self.change(structure=types.NotebookDocumentCellChangeStructure(array=array, did_open=opened))

    def remove(self, at, name):
        """Takes the cell at this index away."""
        array = types.NotebookCellArrayChange(start=at, delete_count=1)
        closed = [types.TextDocumentIdentifier(uri=KIND + name)]
        self.change(structure=types.NotebookDocumentCellChangeStructure(array=array, did_close=closed))

    def edit(self, name, changes):
        """Changes the text of a cell."""
        text = self.editor.texts[KIND + name]
        for change in changes:
            text.apply_change(change)
        text.version += 1
        document = types.VersionedTextDocumentIdentifier(uri=text.uri, version=text.version)
        self.change(text_content=[types.NotebookDocumentCellContentChanges(document=document, changes=changes)])

    def close(self, *names):
        """Closes it with these cells."""
        cells = [types.TextDocumentIdentifier(uri=KIND + name) for name in names]
        notebook = types.NotebookDocumentIdentifier(uri=self.uri)
        self.editor.client.notebook_document_did_close(types.DidCloseNotebookDocumentParams(notebook, cells))


@pytest.mark.parametrize("capabilities", [PULLS, PUSHED])
async def test_diagnostics_are_in_their_cells(start, capabilities):
    editor = await start(capabilities=capabilities)
    notebook = Notebook(editor, a="import asyncio\nasync def f():\n    pass", b="await f()\nasyncio.run(f())\n")

    async def shows(**cells):
        for name, expected in cells.items():
            if capabilities is PUSHED:
                await editor.pushed(KIND + name, expected)
            else:
                assert await editor.pull(KIND + name) == expected, name

    await shows(a=[], b=["2:1 notebook-event-loop"])
    notebook.insert(0, "c", "import time\nasync def g():\n    time.sleep(1)")
    await shows(c=["3:5 blocking-call"], a=[], b=["2:1 notebook-event-loop"])
    notebook.edit("b", [types.TextDocumentContentChangeWholeDocument("await f()\n\nasyncio.run(f())")])
    await shows(c=["3:5 blocking-call"], b=["3:1 notebook-event-loop"])
    notebook.remove(0, "c")
    await shows(a=[], b=["3:1 notebook-event-loop"])
    notebook.close("a", "b")
    await shows(b=[])


async def test_an_action_changes_its_cell(start):
    editor = await start()
    notebook = Notebook(editor, a="import asyncio\nasync def f():\n    pass", b="'🎈'; asyncio.run(f())\n")
    fix = (await editor.actions(KIND + "b", "asyncio.run"))[0]
    resolved = await editor.client.code_action_resolve_async(fix)
    [change] = resolved.edit.document_changes
    assert (change.text_document.uri, change.text_document.version) == (KIND + "b", 1)
    notebook.edit("b", editor.in_order(KIND + "b", change.edits))
    assert editor.source(KIND + "b") == "'🎈'; await f()\n"
    assert await editor.pull(KIND + "b") == []
