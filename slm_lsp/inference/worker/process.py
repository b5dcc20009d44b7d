"""The engine process: loads one model and serves it on its socket until nobody needs it.

Started as `python -m slm_lsp.inference.worker.process OPTIONS` by `launch`. It gives up the network
before it looks at any file of a model, and goes on where that is not possible. It leaves when no
request came for `idle_s` seconds, and soon after its last client has gone.
"""

from __future__ import annotations

import asyncio
import fcntl
import functools
import os
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING

import msgspec
import psutil

from slm_lsp.errors import EngineUnavailable, SlmLspError
from slm_lsp.inference import protocol
from slm_lsp.inference.endpoint import EngineOptions, check_peer, socket_path
from slm_lsp.inference.framing import FramedConnection
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.protocol import (
    Cancel,
    Event,
    Generate,
    Hello,
    Query,
    RequestFinished,
    SetPriority,
    State,
    Status,
    Stop,
)
from slm_lsp.inference.worker.loading import in_steps, load_model
from slm_lsp.inference.worker.model_thread import Background, ModelThread
from slm_lsp.inference.worker.scheduler import Scheduler
from slm_lsp.platform import sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.inference.model import Model
    from slm_lsp.inference.worker.job import Job

LINGER_S = 60.0
"""Seconds a shared engine waits for a next client, so that restarting an editor finds it warm."""

WATCH_S = 0.5
"""Seconds between two looks at whether anybody still needs the process."""

_decoder = msgspec.msgpack.Decoder(protocol.ToEngine)


class _Client:
    """One connected server. `early` are its requests from before the model was loaded."""

    def __init__(self, wire: FramedConnection[protocol.ToEngine]) -> None:
        self.wire = wire
        self.name = f"client {id(self)}"
        self.early: list[Generate] = []
        self.running: dict[int, Job] = {}

    def hear(self, events: Sequence[Event]) -> None:
        """Pass on what becomes of a request."""
        if isinstance(last := events[-1], RequestFinished):
            self.running.pop(last.id, None)
        self.wire.send(events)


class EngineProcess:
    """Everything the process knows: its model's state and its clients."""

    def __init__(self, options: EngineOptions, unsealed: str) -> None:
        self._options = options
        self._unsealed = unsealed
        self._state = State("loading", options.model)
        self._model: Model | None = None
        self._scheduler: Scheduler | None = None
        self._leave = asyncio.Event()
        self._clients: set[_Client] = set()
        self._started = self._last_request = self._last_client = time.monotonic()
        self._requests = 0

    async def serve(self, listening: socket.socket) -> None:
        """Load the model, answer clients, and return when it is time to leave."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._leave.set)
        server = await loop.create_unix_server(self._accept, sock=listening)
        watch = asyncio.create_task(self._watch_idle())
        load = asyncio.create_task(self._load())
        load.add_done_callback(self._leave_if_failed)
        await self._leave.wait()
        if load.done():
            load.result()
        watch.cancel()
        server.close()
        self._announce(State("stopped", self._options.model))
        await load
        if self._scheduler is not None:
            await self._scheduler.close()
        for client in self._clients:
            client.wire.close()

    async def _load(self) -> None:
        abort, thread = AbortFlag(), ModelThread()
        loop, name = asyncio.get_running_loop(), self._options.model

        def report(share: float) -> None:
            loop.call_soon_threadsafe(self._announce, State("loading", name, progress=share))

        load = functools.partial(load_model, self._options, abort, in_steps(report))
        try:
            model = await thread.result_of(load)
        except SlmLspError as error:
            self._announce(State("failed", self._options.model, str(error)))
        else:
            background = Background(self._options.background_share)
            self._model, self._scheduler = model, Scheduler(model, abort, background, thread)
            self._announce(State("ready", self._options.model, chats=model.chats))
        for client in self._clients:
            early, client.early = client.early, []
            for request in early:
                self._submit(client, request)

    def _leave_if_failed(self, load: asyncio.Task[None]) -> None:
        """End the process for what nobody foresaw: its clients notice that, and would else wait."""
        if load.exception() is not None:
            self._leave.set()

    def _announce(self, state: State) -> None:
        if self._state.kind == "stopped":
            return  # a load goes on until then
        self._state = state
        for client in self._clients:
            client.wire.send([state])

    async def _watch_idle(self) -> None:
        linger_s = WATCH_S if self._options.owner else LINGER_S
        while True:
            await asyncio.sleep(WATCH_S)
            now = time.monotonic()
            busy = any(client.running or client.early for client in self._clients)
            idle = not busy and now - self._last_request > self._options.idle_s
            alone = not self._clients and now - self._last_client > linger_s
            if idle or alone:
                self._leave.set()

    def _accept(self) -> FramedConnection[protocol.ToEngine]:
        wire = FramedConnection(_decoder)
        wire.listen(functools.partial(self._greet, wire), lambda: None)
        return wire

    def _greet(self, wire: FramedConnection[protocol.ToEngine], hello: protocol.ToEngine) -> None:
        """Take the first message of whoever connected."""
        try:
            check_peer(wire.socket)
        except EngineUnavailable:
            wire.close()
            return
        wire.send([protocol.Welcome(protocol.PROTOCOL, os.getpid())])
        if not isinstance(hello, Hello) or hello.protocol != protocol.PROTOCOL:
            wire.close()
            return
        client = _Client(wire)
        self._clients.add(client)
        wire.send([self._state])
        wire.listen(functools.partial(self._handle, client), functools.partial(self._gone, client))

    def _gone(self, client: _Client) -> None:
        self._clients.discard(client)
        self._last_client = time.monotonic()
        if self._scheduler is not None:
            for job in tuple(client.running.values()):
                self._scheduler.withdraw(job)

    def _handle(self, client: _Client, message: protocol.ToEngine) -> None:
        match message:
            case Generate():
                self._last_request = time.monotonic()
                self._requests += 1
                self._submit(client, message)
            case SetPriority(id=number, urgency=urgency) if self._scheduler is not None:
                self._scheduler.rank(number, urgency, client.name)
            case Cancel(id=number):
                self._cancel(client, number)
            case Query():
                client.wire.send([self._status()])
            case Stop():
                self._leave.set()

    def _submit(self, client: _Client, request: Generate) -> None:
        if self._scheduler is not None:
            job = self._scheduler.submit(request, client.hear, client.name)
            client.running[request.id] = job
        elif self._state.kind == "failed":
            client.hear([RequestFinished(request.id, "failed", self._state.detail)])
        else:
            client.early.append(request)

    def _cancel(self, client: _Client, number: int) -> None:
        if self._scheduler is None:
            kept = [it for it in client.early if it.id != number]
            if len(kept) < len(client.early):
                client.hear([RequestFinished(number, "cancelled")])
            client.early = kept
        elif number in client.running:
            self._scheduler.withdraw(client.running[number])

    def _status(self) -> Status:
        now = time.monotonic()
        return Status(
            pid=os.getpid(),
            model=self._options.model,
            state=self._state.kind,
            clients=len(self._clients) - 1,  # whoever asks is connected, too
            requests=self._requests,
            uptime_s=now - self._started,
            idle_s=now - self._last_request,
            rss=psutil.Process().memory_info().rss,
            evaluated_tokens=self._model.evaluated_tokens if self._model else 0,
            decoded_tokens=self._model.decoded_tokens if self._model else 0,
            placement=self._model.placement if self._model else "",
            unsealed=self._unsealed,
        )


def main(arguments: list[str]) -> int:
    """Run the engine described by the JSON in `arguments`; leave at once if it runs already."""
    options = msgspec.json.decode(arguments[0], type=EngineOptions)
    path = socket_path(options)
    with path.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0  # another process won the race; whoever started this one connects to it
        path.unlink(missing_ok=True)  # left behind by one that was killed
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
            path.chmod(0o600)
            try:
                asyncio.run(_serve(options, listening, sandbox.give_up()))
            finally:
                path.unlink(missing_ok=True)
    return 0


async def _serve(options: EngineOptions, listening: socket.socket, unsealed: str) -> None:
    await EngineProcess(options, unsealed).serve(listening)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
