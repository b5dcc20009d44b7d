"""A connection to an engine: many requests over one socket, each with its own events."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from slm_lsp.engine.protocol import Cancel, Ended, Finished, Piece, Prefilled, Rank, State
from slm_lsp.errors import EngineLost, EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from slm_lsp.engine.protocol import Event, Generate, ToClient, Urgency
    from slm_lsp.engine.wire import Wire


class Connection:
    """One connected engine, whose events are handed to the requests they belong to."""

    def __init__(
        self,
        wire: Wire[ToClient],
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
                finished = isinstance(event, Finished)
                yield event
        finally:
            self._events.pop(request.id, None)
            if not finished and not self.closed:
                self._wire.send([Cancel(request.id)])

    def rank(self, number: int, urgency: Urgency) -> None:
        """Change how urgent a request is, if it is asked here and not over."""
        if number in self._events:
            self._wire.send([Rank(number, urgency)])

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
                Prefilled(id=number) | Piece(id=number) | Ended(id=number) | Finished(id=number)
            ) if number in self._events:
                self._events[number].put_nowait(message)

    def _end(self) -> None:
        self.closed = True
        self._settled.set()
        for events in self._events.values():
            events.put_nowait(None)
