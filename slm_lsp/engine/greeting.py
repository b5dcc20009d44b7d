"""Opening a connection to an engine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.engine import protocol
from slm_lsp.engine.endpoint import check_peer
from slm_lsp.engine.protocol import Hello, Welcome
from slm_lsp.engine.wire import Wire
from slm_lsp.errors import EngineLost, EngineUnavailable

if TYPE_CHECKING:
    from pathlib import Path

_decoder = msgspec.msgpack.Decoder(protocol.ToClient)


async def greet(path: Path) -> tuple[Wire[protocol.ToClient], Welcome]:
    """Connect to the engine at `path` and return its introduction, which may be another version's.

    Raises OSError where nobody listens, EngineLost, and EngineUnavailable for another user's.
    """
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_unix_connection(lambda: Wire(_decoder), str(path))
    try:
        check_peer(wire.socket)
        wire.send([Hello(protocol.PROTOCOL)])
        message = await wire.next()
    except BaseException:
        wire.close()
        raise
    if isinstance(message, Welcome):
        return wire, message
    wire.close()
    raise EngineLost("The engine did not introduce itself.")


def check_version(welcome: Welcome) -> None:
    """Raise EngineUnavailable unless the engine speaks this version's protocol."""
    if welcome.protocol != protocol.PROTOCOL:
        raise EngineUnavailable(
            f"An engine of another version ({welcome.protocol}) is running; "
            "`slm-lsp engine stop` ends it."
        )
