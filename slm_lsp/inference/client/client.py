"""The language server's side of the engine: reaches it, starts it if need be, brings it back.

A crash of the engine costs the requests that were running (EngineLost) and nothing else: the client
starts another at once, and waits longer and longer between tries only when engines do not live
long enough to answer anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from slm_lsp.errors import EngineLost, EngineUnavailable, SlmLspError
from slm_lsp.inference.client.connection import Connection, check_version, greet
from slm_lsp.inference.client.launch import launch, log_path, options_for
from slm_lsp.inference.endpoint import socket_path
from slm_lsp.inference.protocol import Prefilled, RequestFinished, State

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from slm_lsp.inference.protocol import Event, Generate, Priority
    from slm_lsp.settings.schema import Settings

START_TIMEOUT_S = 20.0
"""Seconds for a started process to open its socket; importing Python packages from a cold disk."""

BACK_OFF_S = (0.0, 0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the next start, by how many engines in a row died without answering anything."""

TRIES = 3
"""Engines in a row that may end while they load the model, or before they answer who asked them.

What they end of does not go away: a file that is not sound, or a card that cannot compute.
"""


class EngineClient:
    """Implements `Engine` over the socket; made and used on one event loop."""

    def __init__(
        self, settings: Settings, on_state: Callable[[State], None] = lambda _state: None
    ) -> None:
        """Nothing is started before `start` or the first request. `on_state` hears every change."""
        self._settings = settings
        self._on_state = on_state
        self._connecting: asyncio.Task[Connection] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self._tried = 0
        self._closed = False

    def start(self) -> None:
        """Connect in the background, so that the model is loaded before it is needed."""
        self._connection()

    async def ready(self) -> None:
        """Wait until the model is loaded. Raises StoreError or EngineError."""
        await (await asyncio.shield(self._connection())).ready()

    async def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        """Yield the answer to `request`; one that leaves for want of work is started again."""
        while True:
            connection = await asyncio.shield(self._connection())
            try:
                async with contextlib.aclosing(connection.generate(request)) as events:
                    async for event in events:
                        if isinstance(event, Prefilled):
                            self._deaths = self._tried = 0
                        if isinstance(event, RequestFinished) and connection.left:
                            break
                        yield event
                    else:
                        return
            except EngineLost:
                if not connection.left:
                    raise
            connection.close()

    def rank(self, number: int, urgency: Priority) -> None:
        """Change how urgent a request is."""
        task = self._connecting
        if task is not None and task.done() and not task.cancelled() and not task.exception():
            task.result().rank(number, urgency)

    async def close(self) -> None:
        """Disconnect. The engine itself stays for others, or leaves by itself."""
        self._closed = True
        if self._connecting is not None:
            self._connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError, SlmLspError):
                (await self._connecting).close()

    def _connection(self) -> asyncio.Task[Connection]:
        """Return the task of the connection in use, a new one where it broke or never was."""
        task = self._connecting
        if task is None or (task.done() and (task.exception() or task.result().closed)):
            task = self._connecting = asyncio.create_task(self._connect())
            task.add_done_callback(_consume_exception)
        return task

    async def _connect(self) -> Connection:
        if self._closed:
            raise EngineUnavailable("The server is ending.")
        try:
            return await self._connect_or_launch()
        except SlmLspError as error:
            self._deaths += 1
            self._on_state(State("failed", self._settings.model, str(error)))
            raise

    async def _connect_or_launch(self) -> Connection:
        options = await asyncio.to_thread(options_for, self._settings)
        if self._tried >= TRIES:
            raise EngineUnavailable(
                f"The engine ended {TRIES} times while it loaded the model '{options.model}' or "
                "began to use it: its file may not be sound, or there is too little memory for it. "
                "Choose another model, or restart the server once there is more; where a graphics "
                "card may be the reason, engine.gpuLayers = 0 does without."
            )
        path = socket_path(options)
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, EngineLost):
                return await self._open(path)
            if self._process is None or self._process.poll() is not None:
                await asyncio.sleep(BACK_OFF_S[min(self._deaths, len(BACK_OFF_S) - 1)])
                self._deaths += 1
                self._process = await asyncio.to_thread(launch, options)
            await asyncio.sleep(0.02)
        raise EngineUnavailable(f"The engine does not start; see {log_path()}.")

    async def _open(self, path: Path) -> Connection:
        wire, welcome = await greet(path)
        try:
            check_version(welcome)
        except EngineUnavailable:
            wire.close()
            raise
        return Connection(wire, self._on_state, self._on_broken)

    def _on_broken(self, state: State, unanswered: int) -> None:
        """Bring a vanished engine back, unless it left on purpose."""
        if self._closed or state.kind == "stopped":
            return
        if state.kind != "failed":
            self._tried += unanswered > 0 or state.kind == "loading"
            self._on_state(State("loading", self._settings.model))
            self._connection()


def _consume_exception(task: asyncio.Task[Connection]) -> None:
    """Keep asyncio from warning about a failed start: it was reported as a state."""
    if not task.cancelled():
        task.exception()
