"""`textDocument/didOpen`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.text import Document

if TYPE_CHECKING:
    from lsprotocol import types

    from slm_lsp.lsp.session import Session


def did_open(ls: Session, params: types.DidOpenTextDocumentParams) -> None:
    """Take the text of a document; from here on the editor's edits keep it current."""
    item = params.text_document
    path, repository = ls.names_for_model(item.uri)
    ls.documents.open(
        Document.of(
            item.text,
            uri=item.uri,
            language=item.language_id,
            path=path,
            version=item.version,
            repository=repository,
        )
    )
