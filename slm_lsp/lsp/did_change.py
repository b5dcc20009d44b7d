"""`textDocument/didChange`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lsprotocol import types

from slm_lsp.lines import Lines
from slm_lsp.lsp.positions import to_span
from slm_lsp.text import Edit, valid_unicode

if TYPE_CHECKING:
    from slm_lsp.lsp.session import Session


def did_change(ls: Session, params: types.DidChangeTextDocumentParams) -> None:
    """Apply the changes in their order; each one's positions refer to the text before it."""
    edit: Edit | None
    uri, version = params.text_document.uri, params.text_document.version
    for change in params.content_changes:
        if (buffer := ls.documents.get(uri)) is None:
            return
        if isinstance(change, types.TextDocumentContentChangePartial):
            span = to_span(buffer.document, change.range, ls.encoding)
            edit = Edit(span, change.text)
            ls.offered.edited(edit, buffer.document)
            ls.documents.edit(uri, edit, version)
        else:
            lines = Lines.of(valid_unicode(change.text))
            edit = None
            ls.offered.forget(uri)
            ls.documents.open(replace(buffer.document, lines=lines, version=version))
        if (newest := ls.documents.get(uri)) is not None:
            ls.usage.edited(edit, newest.document)
