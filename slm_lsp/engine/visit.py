"""Short visits to running engines: what they are doing, and telling them to leave."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.engine import protocol
from slm_lsp.engine.endpoint import check_peer
from slm_lsp.engine.protocol import Hello, Query, Status, Stop

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_S = 5.0
"""Seconds a healthy engine never needs: its event loop does no work of the model's."""

_decoder = msgspec.msgpack.Decoder(protocol.ToClient)


async def status_of(path: Path) -> Status:
    """Return the status of the engine at `path`. Raises OSError, TimeoutError or EngineError."""
    async with asyncio.timeout(TIMEOUT_S):
        reader, writer = await _hello(path)
        writer.write(protocol.encode(Query()))
        while not isinstance(message := await protocol.read_message(reader, _decoder), Status):
            pass
        writer.close()
        return message


async def stop(path: Path) -> None:
    """Make the engine at `path` leave and wait until it has. Raises as `status_of` does."""
    async with asyncio.timeout(TIMEOUT_S):
        reader, writer = await _hello(path)
        writer.write(protocol.encode(Stop()))
        await reader.read()  # to the end of the stream
        writer.close()


async def _hello(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_unix_connection(path)
    check_peer(writer.get_extra_info("socket"))
    writer.write(protocol.encode(Hello(protocol.PROTOCOL)))
    return reader, writer
