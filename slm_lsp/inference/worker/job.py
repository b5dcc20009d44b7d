"""A request on its way through the scheduler, and the order in which requests get their turn."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slm_lsp.inference.protocol import (
    BranchFinished,
    Event,
    Generate,
    Prefilled,
    Priority,
    RequestFinished,
    Token,
)
from slm_lsp.inference.worker.stop_policy import StopPolicy

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator, Sequence

    from slm_lsp.inference.model import AbortFlag, Model

NEWS_S = 0.025
"""Seconds for which what happened is collected: passing it on wakes two processes, which on two
cores the model feels."""

CLIENTS = 64
"""Clients whose turns are remembered."""


@dataclass(eq=False)
class Job:
    """One request of `client`, which `hear`s of its events on the event loop.

    `ended_by` tells why it is not wanted any more, once it is not.
    """

    request: Generate
    client: str
    urgency: Priority
    hear: Callable[[Sequence[Event]], None]
    submitted: float = field(default_factory=time.perf_counter)
    ended_by: str = ""
    _due: float = 0.0  # when its time is over
    _news: list[Event] = field(default_factory=list)
    _told: float = field(default_factory=time.perf_counter)  # when news were passed on last

    @property
    def document(self) -> tuple[str, str]:
        """Names the document; two clients may have one of the same name open."""
        return self.client, self.request.document

    def finished(self, reason: str, detail: str = "") -> RequestFinished:
        """Return the last event."""
        return RequestFinished(self.request.id, reason, detail)  # type: ignore[arg-type]  # one of its words

    def rank(self, urgency: Priority) -> None:
        """Change how urgent it is. Who begins to wait gives it half of its time anew."""
        if urgency.awaited and not self.urgency.awaited:
            self._due = max(self._due, time.perf_counter() + self.request.budget_ms / 2e3)
        self.urgency = urgency

    def prefill(self, model: Model, abort: AbortFlag, loop: asyncio.AbstractEventLoop) -> None:
        """Let `model` read the prompt. Called in a thread; raises Aborted."""
        started = time.perf_counter()
        budget_s = self.request.budget_ms / 1e3
        # Who had to wait for others gets half of it all the same.
        self._due = max(self.submitted + budget_s, started + budget_s / 2)
        left_s = self._due - started if budget_s else 0.0
        prefill = model.prefill(self.request.prompt, left_s, abort)
        event = Prefilled(
            self.request.id,
            queue_ms=(started - self.submitted) * 1e3,
            prefill_ms=(time.perf_counter() - started) * 1e3,
            prompt_tokens=prefill.prompt_tokens,
            cached_tokens=prefill.cached_tokens,
        )
        self._news = []  # whatever came before an interruption is void
        self._tell(loop, event)

    def decode(
        self, model: Model, abort: AbortFlag, loop: asyncio.AbstractEventLoop
    ) -> RequestFinished:
        """Let `model` write the answer. Called in a thread; raises Aborted."""
        started, before = time.perf_counter(), model.decoded_tokens
        request = self.request
        running = set(range(request.branches)) if request.max_tokens else set()
        limits = (request.max_tokens, request.budget_ms / 1e3, request.min_confidence)
        endings = [StopPolicy(request.stop, *limits, request.opener) for _ in running]
        one_line = "\n" in request.stop
        for token in model.decode(running, abort, one_line=one_line) if running else ():
            abort.check()
            ending = endings[token.branch]
            shown = len(ending.text)
            overdue_s = time.perf_counter() - self._due if self.urgency.awaited else 0.0
            if reason := ending.add(token.text, token.logprob, overdue_s):
                running.discard(token.branch)
            text = ending.text[shown : ending.kept if reason == "stop" else None]
            if text:
                self._tell(loop, Token(request.id, text, token.logprob, token.branch))
            if reason:
                self._tell(loop, BranchFinished(request.id, reason, ending.kept, token.branch))
        for branch, ending in enumerate(endings):
            if not ending.complete:
                self._tell(loop, BranchFinished(request.id, "end", len(ending.text), branch))
        return RequestFinished(
            request.id,
            "done",
            decode_ms=(time.perf_counter() - started) * 1e3,
            decoded_tokens=model.decoded_tokens - before,
        )

    def end(self, last: RequestFinished) -> None:
        """Pass on the rest and `last`, together. Called on the event loop."""
        self.hear([*self._news, last])

    def _tell(self, loop: asyncio.AbstractEventLoop, event: Event) -> None:
        self._news.append(event)
        if time.perf_counter() - self._told >= NEWS_S:
            self._pass_on(loop)

    def _pass_on(self, loop: asyncio.AbstractEventLoop) -> None:
        news, self._news, self._told = self._news, [], time.perf_counter()
        loop.call_soon_threadsafe(self.hear, news)


class Queue:
    """Requests that wait: the most urgent first, and among those each client in its turn."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []
        self._served: dict[str, None] = {}  # clients, the one served last at the end

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs)

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: Job) -> None:
        """Let `job` wait."""
        self._jobs.append(job)

    def remove(self, job: Job) -> bool:
        """Take `job` out; tell whether it was waiting."""
        if job not in self._jobs:
            return False
        self._jobs.remove(job)
        return True

    def first(self, *, background: bool) -> Job | None:
        """Return whose turn it is; what nobody waits for only counts with `background`."""
        order = {client: place for place, client in enumerate(self._served)}
        waiting = [job for job in self._jobs if background or job.urgency.awaited]
        return min(
            waiting,
            key=lambda job: (job.urgency, order.get(job.client, -1), job.submitted),
            default=None,
        )

    def take(self, *, background: bool) -> Job | None:
        """Take out whose turn it is."""
        job = self.first(background=background)
        if job is not None:
            self._jobs.remove(job)
            self._served.pop(job.client, None)
            self._served[job.client] = None
            if len(self._served) > CLIENTS:
                del self._served[next(iter(self._served))]
        return job
