"""`initialize` and `initialized`.

`exit`. What `shutdown` has to do, ending the requests that are running, pygls does.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from slm_lsp.server.handlers.workspace import register_completion, settings_in, watch
from slm_lsp.server.transport.handshake import TRIGGER_CHARACTERS, menu_wanted

if TYPE_CHECKING:
    from slm_lsp.server.session import Session


def exit_(ls: Session, _params: Any) -> None:
    """Leave: exit code 0 after `shutdown`, else 1."""
    ls.exit_code = 0 if ls.protocol.was_shut_down else 1
    ls.stopped.set()


PARENT_CHECK_S = 2.0
"""Seconds between two looks at whether the editor's process is still there."""


async def initialize(ls: Session, params: types.InitializeParams) -> None:
    """Take the editor's settings; pygls answers with the capabilities. Loads no model."""
    settings = ls.editor_settings = settings_in(params.initialization_options)
    menu = types.CompletionOptions(trigger_characters=TRIGGER_CHARACTERS)
    advertised = menu if menu_wanted(settings.values) else None  # pygls leaves out what is None
    ls.protocol.fm.feature_options[types.TEXT_DOCUMENT_COMPLETION] = advertised
    await ls.configure()
    if params.process_id is not None:
        watch_parent(ls, params.process_id)


async def initialized(ls: Session, _params: types.InitializedParams) -> None:
    """Start the engine, so that it is ready when the first line is typed, and the index."""
    ls.engines.warm_up()
    ls.background(ls.usage.keep_writing())
    ls.background(ls.index_folders())
    ls.background(watch(ls))
    await register_completion(ls)


def watch_parent(ls: Session, process_id: int) -> None:
    """End the server when the process that started it is gone, as the protocol asks."""

    async def watch() -> None:
        while _is_running(process_id):  # noqa: ASYNC110 (the system has no event for it)
            await asyncio.sleep(PARENT_CHECK_S)
        ls.exit_code = 1
        ls.stopped.set()

    ls.background(watch())


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)  # signal 0 only asks
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True  # somebody else's process, or a number no process has: not ours to judge
    return True
