"""`textDocument/didClose`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lsprotocol import types

    from slm_lsp.lsp.session import Session


def did_close(ls: Session, params: types.DidCloseTextDocumentParams) -> None:
    """Forget the document, end its completion and drop what was remembered of it."""
    uri = params.text_document.uri
    if (buffer := ls.documents.get(uri)) is not None:
        ls.usage.closing(buffer.document)
    ls.documents.close(uri)
    ls.answering.answers.forget(uri)
    ls.offered.forget(uri)
    ls.definitions.forget(uri)
    ls.expected.pop(uri, None)
    if preparing := ls.preparing.pop(uri, None):
        preparing.cancel()
    for key in [key for key in ls.running if key[0] == uri]:
        ls.running.pop(key).cancel()
