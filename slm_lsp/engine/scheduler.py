"""One model, many requests: decides which runs next, interrupts what is not wanted any more.

The model works in a thread of its own; everything else happens on the event loop, so nothing here
needs a lock. Each request ends with exactly one `Finished`, whatever becomes of it.

One thread is all there is, for background work too. The runtime starts its own threads for each
thread that calls it; with a second set, at a lower priority, OpenMP sees more threads than
processors and puts them to sleep at every barrier, which made all work four times as slow.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from slm_lsp.engine.background import Background
from slm_lsp.engine.job import Job, Queue
from slm_lsp.engine.model import Aborted
from slm_lsp.engine.protocol import Finished, Urgency
from slm_lsp.errors import SlmLspError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from slm_lsp.engine.model import AbortFlag, Model
    from slm_lsp.engine.protocol import Event, Generate


class Scheduler:
    """Implements `Engine` in this process, around one model."""

    def __init__(
        self, model: Model, abort: AbortFlag, background: Background | None = None
    ) -> None:
        """Take over `model`, which must watch `abort`. Without `background` it never rests."""
        self._model = model
        self._abort = abort
        self._background = background or Background(share=1.0)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self._queue = Queue()
        self._running: Job | None = None
        self._resting = False
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._work())

    async def generate(self, request: Generate, client: str = "") -> AsyncGenerator[Event, None]:
        """Queue `request` and yield its events; clients get their turns one after the other.

        It ends requests of the same client for the same document that are not more urgent.
        """
        job = Job(request, client, request.urgency)
        for other in self._unfinished():
            if other.document == job.document and other.urgency >= job.urgency:
                self._end(other, "superseded")
        if job.urgency.awaited or self._background.speculates:
            self._queue.put(job)
            self._woken()
        else:
            job.events.put_nowait(job.finished("cancelled"))
        try:
            while True:
                event = await job.events.get()
                yield event
                if isinstance(event, Finished):
                    return
        finally:
            self._end(job, "cancelled")

    def rank(self, number: int, urgency: Urgency, client: str = "") -> None:
        """Change how urgent a request is."""
        for job in self._unfinished():
            if (job.client, job.request.id) == (client, number):
                job.rank(urgency)
                if job is self._running:
                    self._model.awaited = urgency.awaited
                self._woken()

    async def close(self) -> None:
        """Interrupt what runs, end what waits and free the model."""
        self._task.cancel()
        self._abort.set()
        for job in self._unfinished():
            self._end(job, "cancelled")
        await self._loop.run_in_executor(self._thread, self._model.close)
        self._thread.shutdown()

    def _unfinished(self) -> list[Job]:
        return [*self._queue, *([self._running] if self._running else [])]

    def _woken(self) -> None:
        """Look again at what should run; what is less urgent has to give way."""
        self._wake.set()
        first = self._queue.first(background=True)
        if first is not None and (
            self._resting or (self._running and self._running.urgency > first.urgency)
        ):
            self._abort.set()

    def _end(self, job: Job, reason: str) -> None:
        job.ended_by = job.ended_by or reason
        if job is self._running:
            self._abort.set()
        elif self._queue.remove(job):
            job.events.put_nowait(job.finished(job.ended_by))

    async def _work(self) -> None:
        if not self._queue and self._background.pause_s() == 0:
            await self._spend(self._model.warm_up)
        while True:
            self._wake.clear()
            job = self._queue.take(background=self._background.pause_s() == 0)
            if job is None:
                await self._rest()
                continue
            self._running = job
            self._model.awaited = job.urgency.awaited
            self._abort.clear()
            started = time.monotonic()
            finished = await self._loop.run_in_executor(self._thread, self._run, job)
            self._running = None
            if not job.urgency.awaited:
                self._background.worked(time.monotonic() - started)
            if finished is None and not job.ended_by:
                self._queue.put(job)
            else:
                job.end(finished or job.finished(job.ended_by))

    async def _rest(self) -> None:
        """Wait for a request; meanwhile let the model read what it had to leave out."""
        pause_s = self._background.pause_s()
        if self._model.behind and pause_s == 0:
            self._model.awaited = False
            await self._spend(self._model.catch_up)
            return
        waiting = self._model.behind or bool(self._queue)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s if waiting else None):
                await self._wake.wait()

    async def _spend(self, work: Callable[[AbortFlag], None]) -> None:
        """Let the model do what nobody asked for; whoever asks for something interrupts it."""
        self._resting = True
        self._abort.clear()
        started = time.monotonic()
        with contextlib.suppress(Aborted, SlmLspError):  # whoever asks next will hear of it
            await self._loop.run_in_executor(self._thread, work, self._abort)
        self._background.worked(time.monotonic() - started)
        self._resting = False

    def _run(self, job: Job) -> Finished | None:
        """Run one job to its end, in a thread of the model's; None: it was interrupted."""
        try:
            job.prefill(self._model, self._abort, self._loop)
            return job.decode(self._model, self._abort, self._loop)
        except Aborted:
            return job.finished(job.ended_by) if job.ended_by else None
        except SlmLspError as error:
            return Finished(job.request.id, "failed", str(error))
        except Exception as error:  # noqa: BLE001 (the one boundary of the model's threads)
            return Finished(job.request.id, "failed", f"The model failed: {error!r}")
