"""`textDocument/didSave`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pygls.uris import to_fs_path

if TYPE_CHECKING:
    from lsprotocol import types

    from slm_lsp.lsp.session import Session


def did_save(ls: Session, params: types.DidSaveTextDocumentParams) -> None:
    """Take the file into the index, for clients that watch no files."""
    if path := to_fs_path(params.text_document.uri):
        ls.indexing.changed([Path(path)])
