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
from typing import TYPE_CHECKING

from slm_lsp.errors import SlmLspError, type_and_place
from slm_lsp.inference.model import Aborted
from slm_lsp.inference.protocol import Priority, RequestFinished
from slm_lsp.inference.worker.job import Job, Queue
from slm_lsp.inference.worker.model_thread import Background, ModelThread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from slm_lsp.inference.model import AbortFlag, Model
    from slm_lsp.inference.protocol import Event, Generate


class Scheduler:
    """Implements `Engine` in this process, around one model."""

    def __init__(
        self,
        model: Model,
        abort: AbortFlag,
        background: Background | None = None,
        thread: ModelThread | None = None,
    ) -> None:
        """Take over `model`, which must watch `abort`, and the `thread` that has loaded it.

        Without `background` it never rests.
        """
        self._model = model
        self._abort = abort
        self._background = background or Background(share=1.0)
        self._thread = thread or ModelThread()
        self._queue = Queue()
        self._running: Job | None = None
        self._resting: Priority | None = None  # of what the model does unasked
        self._typed = False  # whether the last prompt ends where somebody may type on
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._later = self._loop.call_soon(self._begin)

    def submit(
        self, request: Generate, hear: Callable[[Sequence[Event]], None], client: str = ""
    ) -> Job:
        """Queue `request`; `hear` is told of its events, later and on the event loop.

        Clients get their turns one after the other. It ends requests of the same client for the
        same document that are not more urgent.
        """
        job = Job(request, client, request.urgency, hear)
        for other in self._unfinished():
            if other.document == job.document and other.urgency >= job.urgency:
                self._end(other, "superseded")
        if job.urgency.awaited or self._background.speculates:
            self._queue.put(job)
            self._woken()
        else:
            self._loop.call_soon(hear, [job.finished("cancelled")])
        return job

    def withdraw(self, job: Job) -> None:
        """End `job`, which nobody wants any more, unless it is over."""
        self._end(job, "cancelled")

    async def generate(self, request: Generate, client: str = "") -> AsyncGenerator[Event, None]:
        """Submit `request` and yield its events; closing this withdraws it."""
        events: asyncio.Queue[Event] = asyncio.Queue()

        def hear(news: Sequence[Event]) -> None:
            for event in news:
                events.put_nowait(event)

        job = self.submit(request, hear, client)
        try:
            while True:
                event = await events.get()
                yield event
                if isinstance(event, RequestFinished):
                    return
        finally:
            self.withdraw(job)

    def rank(self, number: int, urgency: Priority, client: str = "") -> None:
        """Change how urgent a request is."""
        for job in self._unfinished():
            if (job.client, job.request.id) == (client, number):
                job.rank(urgency)
                if job is self._running:
                    self._model.awaited = urgency.awaited
                self._woken()

    async def close(self) -> None:
        """Interrupt what runs, end what waits and free the model."""
        self._closed = True
        self._later.cancel()
        self._abort.set()
        for job in self._unfinished():
            self._end(job, "cancelled")
        await self._thread.close(self._model.close)

    def _unfinished(self) -> list[Job]:
        return [*self._queue, *([self._running] if self._running else [])]

    def _woken(self) -> None:
        """Look again at what should run; what is less urgent has to give way."""
        first = self._queue.first(background=True)
        now = self._running.urgency if self._running else self._resting
        if first is not None and now is not None and now > first.urgency:
            self._abort.set()
        self._next()

    def _end(self, job: Job, reason: str) -> None:
        job.ended_by = job.ended_by or reason
        if job is self._running:
            self._abort.set()
        elif self._queue.remove(job):
            job.hear([job.finished(job.ended_by)])

    def _begin(self) -> None:
        if not self._queue and self._background.pause_s() == 0:
            self._spend(self._model.warm_up, Priority.IDLE)
        self._next()

    def _next(self) -> None:
        """Let the model do what comes next, unless it works."""
        if self._running or self._resting is not None or self._closed:
            return
        self._later.cancel()
        anticipates = self._typed and self._model.anticipates and self._background.speculates
        pause_s = self._background.pause_s(brief=anticipates)
        if job := self._queue.take(background=pause_s == 0 and not anticipates):
            self._start(job)
        elif pause_s == 0 and (anticipates or self._model.behind):
            self._model.awaited = False
            if anticipates:
                self._spend(self._model.anticipate, Priority.PREFETCH)
            else:
                self._spend(self._model.catch_up, Priority.IDLE)
        elif pause_s is not None and (anticipates or self._model.behind or self._queue):
            self._later = self._loop.call_later(pause_s, self._next)

    def _start(self, job: Job) -> None:
        self._running = job
        self._model.awaited = job.urgency.awaited
        self._typed = job.urgency is not Priority.PREFETCH
        self._abort.clear()
        started = time.monotonic()

        def done(finished: RequestFinished | None) -> None:
            self._running = None
            if job.urgency.awaited:
                self._background.answered()
            else:
                self._background.worked(time.monotonic() - started)
            if finished is None and not job.ended_by:
                self._queue.put(job)
            else:
                job.end(finished or job.finished(job.ended_by))
            self._next()

        self._thread.do(lambda: self._run(job), done)

    def _spend(self, work: Callable[[AbortFlag], None], urgency: Priority) -> None:
        """Let the model do what nobody asked for; who asks for something more urgent interrupts."""
        self._resting = urgency
        self._abort.clear()
        started = time.monotonic()

        def attempt() -> None:
            with contextlib.suppress(Exception):  # whoever asks next will hear of it
                work(self._abort)

        def done(_: None) -> None:
            self._background.worked(time.monotonic() - started)
            self._resting = None
            self._next()

        self._thread.do(attempt, done)

    def _run(self, job: Job) -> RequestFinished | None:
        """Run one job to its end, in a thread of the model's; None: it was interrupted."""
        try:
            if job.urgency is Priority.IDLE:
                self._model.expect(job.request.prompt)
                return job.finished("done")
            job.prefill(self._model, self._abort, self._loop)
            return job.decode(self._model, self._abort, self._loop)
        except Aborted:
            return job.finished(job.ended_by) if job.ended_by else None
        except SlmLspError as error:
            return RequestFinished(job.request.id, "failed", str(error))
        except Exception as error:  # noqa: BLE001 (the one boundary of the model's threads)
            return RequestFinished(
                job.request.id, "failed", f"The model failed: {type_and_place(error)}."
            )
