"""Opening a connection to an engine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.engine import protocol
from slm_lsp.engine.endpoint import check_peer
from slm_lsp.engine.protocol import Hello, Welcome
from slm_lsp.errors import EngineLost, EngineUnavailable

if TYPE_CHECKING:
    from pathlib import Path

decoder = msgspec.msgpack.Decoder(protocol.ToClient)
"""Reads what an engine says."""


async def greet(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, Welcome]:
    """Connect to the engine at `path` and return its introduction, which may be another version's.

    Raises OSError where nobody listens, EngineLost, and EngineUnavailable for another user's.
    """
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        check_peer(writer.get_extra_info("socket"))
        writer.write(protocol.encode(Hello(protocol.PROTOCOL)))
        message = await protocol.read_message(reader, decoder)
    except BaseException:
        writer.close()
        raise
    if isinstance(message, Welcome):
        return reader, writer, message
    writer.close()
    raise EngineLost("The engine did not introduce itself.")


def check_version(welcome: Welcome) -> None:
    """Raise EngineUnavailable unless the engine speaks this version's protocol."""
    if welcome.protocol != protocol.PROTOCOL:
        raise EngineUnavailable(
            f"An engine of another version ({welcome.protocol}) is running; "
            "`slm-lsp engine stop` ends it."
        )
