"""`workspace/didChangeWorkspaceFolders`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lsprotocol import types

    from slm_lsp.lsp.session import Session


async def did_change_workspace_folders(
    ls: Session, _params: types.DidChangeWorkspaceFoldersParams
) -> None:
    """Index what was added, and no longer what was taken away; pygls keeps the list itself."""
    await ls.index_folders()
