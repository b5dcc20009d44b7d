"""`workspace/didChangeWatchedFiles`, and asking the client to watch them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import to_fs_path

from slm_lsp.context.language_table import LANGUAGES
from slm_lsp.context.symbols import has_symbols
from slm_lsp.workspace.ignore import IGNORE_FILES

if TYPE_CHECKING:
    from slm_lsp.lsp.session import Session


def did_change_watched_files(ls: Session, params: types.DidChangeWatchedFilesParams) -> None:
    """Take what happened to files into the index."""
    paths = (to_fs_path(change.uri) for change in params.changes)
    ls.indexing.changed([Path(path) for path in paths if path])


async def watch(ls: Session) -> None:
    """Ask the client to watch the files that the index is made of, if it can be asked."""
    workspace = ls.client_capabilities.workspace
    able = workspace and workspace.did_change_watched_files
    if not able or not able.dynamic_registration:
        return
    patterns = await asyncio.to_thread(_patterns)
    options = types.DidChangeWatchedFilesRegistrationOptions(
        [types.FileSystemWatcher(f"**/{pattern}") for pattern in patterns]
    )
    method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    registration = types.Registration("slm-lsp.index", method, options)
    await ls.client_register_capability_async(types.RegistrationParams([registration]))


def _patterns() -> list[str]:
    names = [name for row in LANGUAGES if has_symbols(row.id) for name in row.files]
    return [*IGNORE_FILES, *(f"*{name}" if name.startswith(".") else name for name in names)]
