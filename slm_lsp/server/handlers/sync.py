"""`textDocument/didOpen`.

`textDocument/didChange`.

`textDocument/didClose`.

`textDocument/didSave`.

`slm-lsp/documentHash`: lets a client check that both sides hold the same text.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.uris import to_fs_path

from slm_lsp.server.positions import to_span
from slm_lsp.text.document import Document, Edit, valid_unicode
from slm_lsp.text.lines import Lines

if TYPE_CHECKING:
    from slm_lsp.server.session import Session


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


def did_save(ls: Session, params: types.DidSaveTextDocumentParams) -> None:
    """Take the file into the index, for clients that watch no files."""
    if path := to_fs_path(params.text_document.uri):
        ls.indexing.changed([Path(path)])


def document_hash(ls: Session, params: Any) -> dict[str, Any]:
    """Return the SHA-256 of the document's text in UTF-8, its number of lines and its version."""
    buffer = ls.documents.get(getattr(params, "uri", ""))
    if buffer is None:
        raise JsonRpcInvalidParams("No such document is open.")
    document = buffer.document
    return {
        "sha256": hashlib.sha256(document.lines.text().encode()).hexdigest(),
        "lines": len(document.lines),
        "version": document.version,
    }
