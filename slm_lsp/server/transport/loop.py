"""The server's event loop, from the first message until it is told, or has reason, to end."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from typing import TYPE_CHECKING, Any

from slm_lsp.server.app import create
from slm_lsp.server.handlers.lifecycle import watch_parent

if TYPE_CHECKING:
    from slm_lsp.server.transport.stdio import Stdin, Stdout

log = logging.getLogger(__name__)

SIGTERM_CODE = 128 + signal.SIGTERM

LAST_ANSWERS_S = 1.0
"""Seconds for handlers to answer what was asked before the end, such as `shutdown`."""


def _report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what escaped into the event loop by its type: asyncio itself would print arguments."""
    log.error("unhandled in the event loop: %s", type(context.get("exception")).__name__)


async def run(
    stdout: Stdout,
    stdin: Stdin,
    first: bytes,
    answered: int | str | None,
    client_process_id: int | None,
) -> int:
    """Handle `first`, then what else comes from `stdin`; return the exit code.

    `answered` is the id of `first` if the handshake has answered it already.
    """
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_report)
    session = create()
    gc.freeze()  # what has been made until here stays: no need to ever look through it again
    gc.enable()
    session.protocol.set_writer(stdout)

    def end(code: int) -> None:
        session.exit_code = code
        session.stopped.set()

    def receive(body: bytes) -> None:
        if not session.stopped.is_set():  # what comes after `exit` has nobody to answer it
            session.protocol.receive(body)

    loop.add_signal_handler(signal.SIGTERM, end, SIGTERM_CODE)
    if client_process_id is not None:
        watch_parent(session, client_process_id)
    if answered is None:
        session.protocol.receive(first)
    else:
        await session.protocol.catch_up(first, answered)
    stdin.listen(loop, receive, lambda: end(0 if session.protocol.was_shut_down else 1))
    await session.stopped.wait()
    await session.close()
    if answering := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(answering, timeout=LAST_ANSWERS_S)
    await asyncio.sleep(0)  # handlers that ended just now are answered by callbacks
    stdout.close()
    return session.exit_code
