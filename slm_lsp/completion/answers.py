"""The answers one editor has got, and those it is about to get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.completion.cache import Cache, typed_since
from slm_lsp.text.document import unix

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from slm_lsp.completion.in_flight import Running
    from slm_lsp.completion.request import CompletionResult, Request
    from slm_lsp.inference.protocol import Priority, Prompt


class Answers:
    """A cache of answers given, and for each document at most one that is being computed."""

    def __init__(self) -> None:
        self.cache = Cache()
        self._running: dict[str, Running] = {}

    def running(self, uri: str) -> Running | None:
        """Return the answer being computed for a document, if there is one."""
        running = self._running.get(uri)
        return None if running is None or running.over else running

    async def joined(self, request: Request, prompt: Prompt, urgency: Priority) -> bool:
        """Wait for the answer being computed if it may serve `request`; tell whether it came."""
        running = self.running(request.document.uri)
        if running is None or not request.served_by(running.request):
            return False
        typed = typed_since(running.request, running.prompt, request, prompt)
        return typed is not None and await running.wait(unix(typed), urgency) is not None

    def start(
        self, running: Running, work: Coroutine[None, None, CompletionResult], urgency: Priority
    ) -> None:
        """Compute another answer, in place of the one being computed for its document."""
        uri = running.request.document.uri
        if (older := self._running.get(uri)) is not None:
            older.cancel()
        self._running[uri] = running
        running.start(work, urgency)

    def forget(self, uri: str) -> None:
        """Drop everything about a document that was closed."""
        self.cache.forget(uri)
        if (running := self._running.pop(uri, None)) is not None:
            running.cancel()

    def close(self) -> None:
        """Give up what is being computed."""
        for running in self._running.values():
            running.cancel()
