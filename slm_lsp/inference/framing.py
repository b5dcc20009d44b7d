"""One end of a connection between a language server and an engine.

Messages are cut out of what has arrived at once and handed over by a plain call: a key waits for
them twice, and asyncio's streams would wake a task for the length and again for the rest.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from slm_lsp.errors import EngineLost

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable

    from slm_lsp.inference.protocol import ToClient, ToEngine

MAX_MESSAGE = 16 * 1024 * 1024
"""Bytes. No prompt comes near it, so a longer announcement is a broken or hostile peer."""

LENGTH = 4
"""Bytes of a message's length, which goes before it, big-endian."""

T = TypeVar("T")


class FramedConnection(asyncio.Protocol, Generic[T]):
    """Sends messages, and takes those that `decoder` knows, until either end closes it.

    Messages wait for `next` or `listen`. A peer that sends anything else is let go.
    """

    def __init__(self, decoder: msgspec.msgpack.Decoder[T]) -> None:
        self._decoder = decoder
        self._received = bytearray()
        self._messages: deque[T] = deque()
        self._news = asyncio.Event()  # for whoever waits in `next`
        self._receive: Callable[[T], None] = self._keep
        self._lost: Callable[[], None] = self._news.set
        self._transport: asyncio.Transport
        self.closed = False

    @property
    def socket(self) -> socket.socket:
        """What it goes through."""
        found: socket.socket = self._transport.get_extra_info("socket")
        return found

    def send(self, messages: Iterable[ToEngine | ToClient]) -> None:
        """Send `messages` in one piece, since each write wakes the peer. Nothing once closed."""
        if not self._transport.is_closing():
            self._transport.write(b"".join(map(_framed, messages)))

    async def next(self) -> T:
        """Wait for a message. Raises EngineLost where there is none to come."""
        while not self._messages:
            if self.closed:
                raise EngineLost("The connection to the engine broke.")
            self._news.clear()
            await self._news.wait()
        return self._messages.popleft()

    def listen(self, receive: Callable[[T], None], lost: Callable[[], None]) -> None:
        """Call `receive` with each message from now on, and `lost` once after the last."""
        self._receive, self._lost = receive, lost
        while self._messages:
            receive(self._messages.popleft())
        if self.closed:
            lost()

    def close(self) -> None:
        """Send what is left and close the connection."""
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of the `transport`: asyncio calls this first."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand over each message that `data` completes."""
        self._received += data
        try:
            while (body := self._cut()) is not None and not self._transport.is_closing():
                self._receive(self._decoder.decode(body))
        except (EngineLost, msgspec.DecodeError):
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's signature)
        """Tell whoever waits or listens that this was all."""
        self.closed = True
        self._lost()

    def _keep(self, message: T) -> None:
        self._messages.append(message)
        self._news.set()

    def _cut(self) -> bytes | None:
        """Take the next message out, if all of it is there. Raises EngineLost if it is too long."""
        size = int.from_bytes(self._received[:LENGTH], "big")
        if size > MAX_MESSAGE:
            raise EngineLost(f"The engine's peer announced a message of {size} bytes.")
        end = LENGTH + size
        if len(self._received) < end:
            return None
        body = bytes(self._received[LENGTH:end])
        del self._received[:end]
        return body


_encoder = msgspec.msgpack.Encoder()


def _framed(message: ToEngine | ToClient) -> bytes:
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH, "big") + body
