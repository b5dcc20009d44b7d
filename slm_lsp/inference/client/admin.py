"""Short visits to running engines: what they are doing, and telling them to leave."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING

from slm_lsp.errors import EngineLost
from slm_lsp.inference import protocol
from slm_lsp.inference.client.connection import check_version, greet
from slm_lsp.inference.endpoint import sockets
from slm_lsp.inference.protocol import Query, Status, Stop

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_S = 5.0
"""Seconds a healthy engine never needs: its event loop does no work of the model's."""


async def running() -> list[Status]:
    """Return the status of each of this user's engines that answers. Raises EngineUnavailable."""
    engines = []
    for path in sockets():
        with contextlib.suppress(OSError, TimeoutError, EngineLost):  # it may leave just now
            engines.append(await status_of(path))
    return engines


async def status_of(path: Path) -> Status:
    """Return the status of the engine at `path`. Raises OSError, TimeoutError or EngineError."""
    async with asyncio.timeout(TIMEOUT_S):
        wire, welcome = await greet(path)
        try:
            check_version(welcome)
            wire.send([Query()])
            while not isinstance(message := await wire.next(), Status):
                pass
        finally:
            wire.close()
        return message


async def stop(path: Path) -> None:
    """Make the engine at `path` leave and wait until it has. Raises as `status_of` does.

    One of another version does not understand us; the system tells it.
    """
    async with asyncio.timeout(TIMEOUT_S):
        wire, welcome = await greet(path)
        if welcome.protocol == protocol.PROTOCOL:
            wire.send([Stop()])
        else:
            os.kill(welcome.pid, signal.SIGTERM)
        with contextlib.suppress(EngineLost):
            while True:
                await wire.next()
