"""A connection to an engine: many requests over one socket, each with its own events.

Opening a connection to an engine.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.errors import EngineLost, EngineUnavailable
from slm_lsp.inference import protocol
from slm_lsp.inference.endpoint import check_peer
from slm_lsp.inference.framing import FramedConnection
from slm_lsp.inference.protocol import (
    BranchFinished,
    Cancel,
    Hello,
    Prefilled,
    RequestFinished,
    SetPriority,
    State,
    Token,
    Welcome,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from slm_lsp.inference.protocol import Event, Generate, Priority, ToClient


class Connection:
    """One connected engine, whose events are handed to the requests they belong to."""

    def __init__(
        self,
        wire: FramedConnection[ToClient],
        on_state: Callable[[State], None],
        on_broken: Callable[[State, int], None],
    ) -> None:
        """`on_state` hears what the engine says.

        `on_broken` is told what it said last once it is gone, and how many requests it left
        unanswered.
        """
        self._wire = wire
        self._on_state, self._on_broken = on_state, on_broken
        self._state = State("loading", "")
        self._settled = asyncio.Event()  # the model is loaded, or never will be
        self._events: dict[int, asyncio.Queue[Event | None]] = {}
        self.closed = False
        # Not before this is known to the client, whom a loss concerns.
        asyncio.get_running_loop().call_soon(wire.listen, self._handle, self._lost)

    @property
    def left(self) -> bool:
        """Whether the engine is about to leave on purpose, or has."""
        return self._state.kind == "stopped"

    async def ready(self) -> None:
        """Wait until the model is loaded. Raises EngineUnavailable."""
        await self._settled.wait()
        if self._state.kind != "ready":
            raise EngineUnavailable(self._state.detail or "The engine stopped.")

    async def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        """Yield the answer to `request`; closing the generator cancels it. Raises EngineLost."""
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        if self.closed:
            raise EngineLost("The engine stopped.")
        self._events[request.id] = events
        self._wire.send([request])
        finished = False
        try:
            while not finished:
                event = await events.get()
                if event is None:
                    finished = True
                    raise EngineLost("The engine stopped while it was answering.")
                finished = isinstance(event, RequestFinished)
                yield event
        finally:
            self._events.pop(request.id, None)
            if not finished and not self.closed:
                self._wire.send([Cancel(request.id)])

    def rank(self, number: int, urgency: Priority) -> None:
        """Change how urgent a request is, if it is asked here and not over."""
        if number in self._events:
            self._wire.send([SetPriority(number, urgency)])

    def close(self) -> None:
        """Disconnect; what is being answered ends with EngineLost."""
        self._end()
        self._wire.close()

    def _lost(self) -> None:
        if not self.closed:
            self._end()
            self._on_broken(self._state, len(self._events))

    def _handle(self, message: ToClient) -> None:
        match message:
            case State():
                self._state = message
                self._on_state(message)
                if message.kind != "loading":
                    self._settled.set()
            case (
                Prefilled(id=number)
                | Token(id=number)
                | BranchFinished(id=number)
                | RequestFinished(id=number)
            ) if number in self._events:
                self._events[number].put_nowait(message)

    def _end(self) -> None:
        self.closed = True
        self._settled.set()
        for events in self._events.values():
            events.put_nowait(None)


_decoder = msgspec.msgpack.Decoder(protocol.ToClient)


async def greet(path: Path) -> tuple[FramedConnection[protocol.ToClient], Welcome]:
    """Connect to the engine at `path` and return its introduction, which may be another version's.

    Raises OSError where nobody listens, EngineLost, and EngineUnavailable for another user's.
    """
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_unix_connection(lambda: FramedConnection(_decoder), str(path))
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
