"""One model, many requests: decides which runs next, interrupts what is not wanted any more.

The model works in a thread of its own; everything else happens on the event loop, so nothing here
needs a lock. Each request ends with exactly one `Finished`, whatever becomes of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slm_lsp.engine.model import Aborted, AbortFlag
from slm_lsp.engine.protocol import Event, Finished, Generate, Piece, Prefilled
from slm_lsp.errors import SlmLspError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from slm_lsp.engine.model import Model


@dataclass(eq=False, slots=True)
class _Job:
    request: Generate
    submitted: float
    events: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    ended_by: str = ""  # why it is not wanted any more, once it is not


class Scheduler:
    """Implements `Engine` in this process, around one model."""

    def __init__(self, model: Model, abort: AbortFlag) -> None:
        """Take over `model`, which must watch `abort`."""
        self._model = model
        self._abort = abort
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self._waiting: deque[_Job] = deque()
        self._running: _Job | None = None
        self._resting = False
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._work())

    async def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        """Queue `request`, in place of an older one for the same document, and yield its events."""
        for job in (*self._waiting, *((self._running,) if self._running else ())):
            if job.request.document == request.document:
                self._end(job, "superseded")
        job = _Job(request, time.perf_counter())
        self._waiting.append(job)
        self._wake.set()
        if self._resting:
            self._abort.set()
        try:
            while True:
                event = await job.events.get()
                yield event
                if isinstance(event, Finished):
                    return
        finally:
            self._end(job, "cancelled")

    async def close(self) -> None:
        """Interrupt what runs, end what waits and free the model."""
        self._task.cancel()
        self._abort.set()
        for job in (*self._waiting, *((self._running,) if self._running else ())):
            self._end(job, "cancelled")
        await self._loop.run_in_executor(self._thread, self._model.close)
        self._thread.shutdown()

    def _end(self, job: _Job, reason: str) -> None:
        job.ended_by = job.ended_by or reason
        if job is self._running:
            self._abort.set()
        elif job in self._waiting:
            self._waiting.remove(job)
            job.events.put_nowait(_finished(job, job.ended_by))

    async def _work(self) -> None:
        while True:
            while not self._waiting:
                await self._rest()
            job = self._running = self._waiting.popleft()
            self._abort.clear()
            finished = await self._loop.run_in_executor(self._thread, self._run, job)
            self._running = None
            job.events.put_nowait(finished)

    async def _rest(self) -> None:
        """Wait for a request; meanwhile let the model read what it had to leave out."""
        self._wake.clear()
        if self._model.behind:
            self._resting = True
            self._abort.clear()
            await self._loop.run_in_executor(self._thread, self._catch_up)
            self._resting = False
        else:
            await self._wake.wait()

    def _catch_up(self) -> None:
        with contextlib.suppress(Aborted):
            self._model.catch_up(self._abort)

    def _run(self, job: _Job) -> Finished:
        """Run one job to its end, in the model's thread."""
        try:
            self._prefill(job)
            return _finished(job, self._decode(job))
        except Aborted:
            return _finished(job, job.ended_by)
        except SlmLspError as error:
            return _finished(job, "failed", str(error))
        except Exception as error:  # noqa: BLE001 (the one boundary of the model's thread)
            return _finished(job, "failed", f"The model failed: {error!r}")

    def _prefill(self, job: _Job) -> None:
        started = time.perf_counter()
        prefill = self._model.prefill(job.request.prompt, self._abort)
        event = Prefilled(
            job.request.id,
            queue_ms=(started - job.submitted) * 1e3,
            prefill_ms=(time.perf_counter() - started) * 1e3,
            prompt_tokens=prefill.prompt_tokens,
            cached_tokens=prefill.cached_tokens,
        )
        self._emit(job, event)

    def _decode(self, job: _Job) -> str:
        request = job.request
        text, generated = "", 0
        for token in self._model.decode(request.max_tokens, self._abort):
            generated += 1
            end = _stop(text, token.text, request.stop)
            shown = token.text if end is None else token.text[:end]
            if shown:
                self._emit(job, Piece(request.id, shown, token.logprob))
            if end is not None:
                return "stop"
            text += token.text
            self._abort.check()
        return "length" if generated >= request.max_tokens else "end"

    def _emit(self, job: _Job, event: Event) -> None:
        self._loop.call_soon_threadsafe(job.events.put_nowait, event)


def _stop(text: str, piece: str, stops: tuple[str, ...]) -> int | None:
    """Return how much of `piece` comes before the first stop string, or None without one.

    A stop string that began in `text` has been shown in part: stops of one character never do.
    """
    joined = text + piece
    ends = [at for stop in stops if (at := joined.find(stop, max(0, len(text) - len(stop)))) >= 0]
    return max(0, min(ends) - len(text)) if ends else None


def _finished(job: _Job, reason: str, detail: str = "") -> Finished:
    return Finished(job.request.id, reason, detail)  # type: ignore[arg-type]  # one of its words
