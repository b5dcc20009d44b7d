"""`workspace/didChangeWorkspaceFolders`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.lsp.registration import register_completion

if TYPE_CHECKING:
    from lsprotocol import types

    from slm_lsp.lsp.session import Session


async def did_change_workspace_folders(
    ls: Session, _params: types.DidChangeWorkspaceFoldersParams
) -> None:
    """Read the first folder's settings and index what is open now; pygls keeps the list itself."""
    await ls.configure()
    await register_completion(ls)
