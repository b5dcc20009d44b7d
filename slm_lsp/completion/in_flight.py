"""An answer that is being computed: requests join it, leave it, and it ends when nobody is left.

Whoever types what the model is writing gets the answer when it is there, instead of having it
begun anew at every key. Editors cancel a request before they send the next one; so work that
nobody waits for any more goes on for a moment, at a lower rank.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from slm_lsp.inference.protocol import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from slm_lsp.completion.request import CompletionResult, Request
    from slm_lsp.inference.protocol import Prompt

GRACE_S = 0.15
"""Seconds that work goes on without anybody waiting: a debounce, and a key's way to the server."""


class Running:
    """The answer to `request`, which the model sees as `prompt`."""

    def __init__(self, request: Request, prompt: Prompt, rank: Callable[[Priority], None]) -> None:
        """`rank` changes how urgent the work is."""
        self.request = request
        self.prompt = prompt
        self.urgency = Priority.NOW
        self._rank = rank
        self._text = ""
        self._watchers: dict[asyncio.Future[CompletionResult | None], tuple[str, Priority]] = {}
        self._task: asyncio.Task[CompletionResult] | None = None

    def start(self, work: Coroutine[None, None, CompletionResult], urgency: Priority) -> None:
        """Begin to compute the answer."""
        self.urgency = urgency
        self._task = asyncio.create_task(work)
        self._task.add_done_callback(self._done)

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self._task is None or self._task.done()

    def grow(self, text: str) -> None:
        """Take note of what the model has written so far; turn away those who typed otherwise."""
        self._text = text
        for watcher, (typed, _) in self._watchers.items():
            if not self._leads_to(typed) and not watcher.done():
                watcher.set_result(None)

    async def wait(self, typed: str, urgency: Priority) -> CompletionResult | None:
        """Return the answer, or None once it cannot begin with `typed` or was given up.

        Raises EngineError.
        """
        if self.over or not self._leads_to(typed):
            return None
        watcher: asyncio.Future[CompletionResult | None] = (
            asyncio.get_running_loop().create_future()
        )
        self._watchers[watcher] = (typed, urgency)
        self._rank_by_watchers()
        try:
            return await watcher
        finally:
            del self._watchers[watcher]
            self._rank_by_watchers()

    def cancel(self) -> None:
        """Give it up."""
        if self._task is not None:
            self._task.cancel()

    def _leads_to(self, typed: str) -> bool:
        return typed.startswith(self._text) or self._text.startswith(typed)

    def _rank_by_watchers(self) -> None:
        urgency = min((urgency for _, urgency in self._watchers.values()), default=None)
        if urgency is None and not self.over:
            asyncio.get_running_loop().call_later(GRACE_S, self._cancel_if_alone)
        if (wanted := Priority.PREFETCH if urgency is None else urgency) != self.urgency:
            self.urgency = wanted
            self._rank(wanted)

    def _cancel_if_alone(self) -> None:
        if not self._watchers:
            self.cancel()

    def _done(self, task: asyncio.Task[CompletionResult]) -> None:
        error = None if task.cancelled() else task.exception()
        for watcher in self._watchers:
            if watcher.done():
                continue
            if error is not None:
                watcher.set_exception(error)
            else:
                watcher.set_result(None if task.cancelled() else task.result())
