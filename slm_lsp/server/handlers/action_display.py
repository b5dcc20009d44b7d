"""Work-done progress for a code action that is being written, with a way to stop it.

A text for the user to read: a document where the editor can open one, or else a message.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from slm_lsp.inference.endpoint import runtime_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from slm_lsp.server.session import Session


@contextlib.contextmanager
def action_progress(
    ls: Session, title: str, cancel: Callable[[], object]
) -> Iterator[Callable[[str], None]]:
    """Show `title` until this is left, in clients that can; the function takes the text so far.

    `cancel` is called when the user has enough of it.
    """
    window = ls.client_capabilities.window
    if not window or not window.work_done_progress:
        yield lambda _text: None
        return
    said: asyncio.Queue[str | None] = asyncio.Queue()
    ls.background(_show(ls, title, said, cancel))
    last = ""

    def grown(text: str) -> None:
        nonlocal last
        line = text.rstrip().rpartition("\n")[2].strip()
        if "\n" in text[len(last) :] or not last:
            last = text
            said.put_nowait(line)

    try:
        yield grown
    finally:
        said.put_nowait(None)


async def _show(
    ls: Session, title: str, said: asyncio.Queue[str | None], cancel: Callable[[], object]
) -> None:
    progress, token = ls.work_done_progress, f"slm-lsp-action-{uuid4()}"
    with contextlib.suppress(JsonRpcException):  # a client may refuse
        await progress.create_async(token)
        begin = types.WorkDoneProgressBegin(title=title, cancellable=True)
        progress.begin(token, begin)
        ended = progress.tokens[token]
        ended.add_done_callback(lambda future: future.cancelled() and cancel())
        while (line := await said.get()) is not None:
            progress.report(token, types.WorkDoneProgressReport(message=line))
        progress.end(token, types.WorkDoneProgressEnd())
        del progress.tokens[token]


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
