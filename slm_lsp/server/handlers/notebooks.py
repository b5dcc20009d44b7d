"""`notebookDocument/didOpen`, `didChange` and `didClose`: each cell is a document of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from slm_lsp.server.handlers.sync import did_change, did_close, did_open

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.server.session import Session


def did_open_notebook(ls: Session, params: types.DidOpenNotebookDocumentParams) -> None:
    """Take the cells and their order."""
    _open(ls, params.cell_text_documents)
    cells = [cell.document for cell in params.notebook_document.cells]
    ls.notebooks.splice(params.notebook_document.uri, 0, 0, cells)


def did_change_notebook(ls: Session, params: types.DidChangeNotebookDocumentParams) -> None:
    """Follow cells that came, went or were moved, then edits of their texts."""
    changes = params.change.cells
    if changes is None:
        return
    if (structure := changes.structure) is not None:
        _close(ls, structure.did_close or ())
        _open(ls, structure.did_open or ())
        array = structure.array
        cells = [cell.document for cell in array.cells or ()]
        ls.notebooks.splice(params.notebook_document.uri, array.start, array.delete_count, cells)
    for text in changes.text_content or ():
        did_change(ls, types.DidChangeTextDocumentParams(text.document, text.changes))


def did_close_notebook(ls: Session, params: types.DidCloseNotebookDocumentParams) -> None:
    """Forget the notebook and its cells."""
    _close(ls, params.cell_text_documents)
    ls.notebooks.close(params.notebook_document.uri)


def _open(ls: Session, cells: Sequence[types.TextDocumentItem]) -> None:
    for cell in cells:
        did_open(ls, types.DidOpenTextDocumentParams(cell))


def _close(ls: Session, cells: Sequence[types.TextDocumentIdentifier]) -> None:
    for cell in cells:
        did_close(ls, types.DidCloseTextDocumentParams(cell))
