"""What a server said without being asked, kept until a test takes it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

WARNING = 2
"""`MessageType.Warning` of the protocol; smaller numbers are worse."""

_AMBIENT = {
    "$/logTrace",
    "$/progress",
    "client/registerCapability",
    "client/unregisterCapability",
    "didChangeStatus",
    "slm-lsp/timings",
    "window/workDoneProgress/create",
    "workspace/configuration",
}


@dataclass(frozen=True)
class Note:
    """A notification, or a request the client has answered, and when (`time.perf_counter`)."""

    method: str
    params: Any
    at: float = field(default_factory=time.perf_counter)

    @property
    def ambient(self) -> bool:
        """Whether a test need not care about it: neither a popup nor a warning."""
        if self.method == "window/logMessage":
            return bool(self.params["type"] > WARNING)
        return self.method in _AMBIENT


class Inbox:
    """Notes in the order they came."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self._waiters: list[tuple[Callable[[Note], bool], asyncio.Future[Note]]] = []

    def put(self, note: Note) -> None:
        """Hand `note` to whoever waits for it, or keep it."""
        for matches, future in self._waiters:
            if not future.done() and matches(note):
                future.set_result(note)
                return
        self.notes.append(note)

    def take(self, method: str) -> list[Any]:
        """Remove all notes of one method that have come so far and return their params."""
        taken = [note.params for note in self.notes if note.method == method]
        self.notes = [note for note in self.notes if note.method != method]
        return taken

    async def wait(self, matches: Callable[[Note], bool]) -> Note:
        """Remove and return the first matching note, now or when it comes."""
        for note in self.notes:
            if matches(note):
                self.notes.remove(note)
                return note
        future: asyncio.Future[Note] = asyncio.get_running_loop().create_future()
        waiter = (matches, future)
        self._waiters.append(waiter)
        try:
            return await future
        finally:
            self._waiters.remove(waiter)

    def end(self, error: Exception) -> None:
        """Nothing more will come: whoever waits gets `error`."""
        for _, future in self._waiters:
            if not future.done():
                future.set_exception(error)
