"""A text for the user to read: a document where the editor can open one, or else a message."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from slm_lsp.engine.endpoint import runtime_dir

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.lsp.session import Session

FILE = "explanation.md"
"""Written over each time, in a folder that nobody else may read."""


async def show(ls: Session, text: str) -> None:
    """Show `text`, which is Markdown. Raises OSError where its file cannot be written."""
    window = ls.client_capabilities.window
    if window and window.show_document and window.show_document.support:
        path = await asyncio.to_thread(_write, text)
        asked = types.ShowDocumentParams(path.as_uri(), take_focus=False)
        with suppress(JsonRpcException):  # a client may refuse
            if (await ls.window_show_document_async(asked)).success:
                return
    ls.window_show_message(types.ShowMessageParams(types.MessageType.Info, text))


def _write(text: str) -> Path:
    path = runtime_dir() / FILE
    path.write_text(text + "\n", encoding="utf-8")
    return path
