"""Runs a server on stdin and stdout: answers the handshake, then brings in everything else."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

from slm_lsp.lsp import handshake
from slm_lsp.lsp.light_types import import_types
from slm_lsp.lsp.stdio import BadFrame, Stdin, Stdout, take_stdout


def serve(client_process_id: int | None = None) -> int:
    """Serve one client and return the exit code: 0 after `shutdown`, 1 when the client vanished."""
    # pygls logs whole messages, the user's code included, and its warnings quote parameters.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    stdout = Stdout(take_stdout())
    stdin = Stdin(0)
    first = None
    with suppress(BadFrame, OSError):
        first = stdin.next()
    if first is None:
        return 1
    answered = handshake.reply_to(first)
    if answered is not None:
        stdout.write(answered[1])
    from slm_lsp import network  # the editor has its answer: now imports may take their time

    network.give_up()  # for all that is started from here, too
    # A thread that parses holds the interpreter's lock for 5 ms at a time by default, and a key
    # that comes meanwhile waits that long at each step of its way.
    sys.setswitchinterval(0.0005)
    import_types()
    import asyncio

    from slm_lsp.lsp.loop import run  # pulls in pygls and tree-sitter

    number = answered[0] if answered else None
    return asyncio.run(run(stdout, stdin, first, number, client_process_id))
