"""Runs a server on stdin and stdout until it is told, or has reason, to end."""

from __future__ import annotations

import asyncio
import logging
import signal

from slm_lsp.lsp.initialize import watch_parent
from slm_lsp.lsp.server import create
from slm_lsp.lsp.stdio import Stdout, read_stdin, take_stdout

SIGTERM_CODE = 128 + signal.SIGTERM


def serve(client_process_id: int | None = None) -> int:
    """Serve one client and return the exit code: 0 after `shutdown`, 1 when the client vanished."""
    # pygls logs whole messages, the user's code included, and its warnings quote parameters.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    return asyncio.run(_serve(client_process_id))


async def _serve(client_process_id: int | None) -> int:
    loop = asyncio.get_running_loop()
    stdout = Stdout(take_stdout())
    session = create()
    session.protocol.set_writer(stdout)

    def end(code: int) -> None:
        session.exit_code = code
        session.stopped.set()

    loop.add_signal_handler(signal.SIGTERM, end, SIGTERM_CODE)
    read_stdin(
        loop, session.protocol.receive, lambda: end(0 if session.protocol.was_shut_down else 1)
    )
    if client_process_id is not None:
        watch_parent(session, client_process_id)
    await session.stopped.wait()
    await session.close()
    stdout.close()
    return session.exit_code
