"""Runs a server on stdin and stdout: answers the handshake, then brings in everything else.

lsprotocol's classes at half their price.

attrs generates a `__repr__` and an `__eq__` for each of the 554 classes while they are imported.
Nobody here compares or prints messages, generating these is half of what starting the server costs
(0.57 s with them, 0.26 s without), and a message without a repr cannot get into a log.
"""

from __future__ import annotations

import functools
import logging
import sys
from contextlib import suppress

import attrs

from slm_lsp.server.transport import handshake
from slm_lsp.server.transport.stdio import (
    BadFrame,
    Stdin,
    Stdout,
    take_stdout,
)


def import_types() -> None:
    """Import `lsprotocol.types`; to be called before anything else imports it."""
    define = attrs.define
    light = functools.partial(define, repr=False, eq=False)
    attrs.define = light  # for the length of one import
    try:
        import lsprotocol.types  # noqa: F401
    finally:
        attrs.define = define


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
    from slm_lsp.platform import (
        sandbox,  # the editor has its answer: now imports may take their time
    )

    sandbox.give_up()  # for all that is started from here, too
    # A thread that parses holds the interpreter's lock for 5 ms at a time by default, and a key
    # that comes meanwhile waits that long at each step of its way.
    sys.setswitchinterval(0.0005)
    import_types()
    import asyncio

    from slm_lsp.server.transport.loop import run  # pulls in pygls and tree-sitter

    number = answered[0] if answered else None
    return asyncio.run(run(stdout, stdin, first, number, client_process_id))
