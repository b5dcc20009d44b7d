"""The open documents, kept as immutable snapshots with their syntax trees."""

from __future__ import annotations

import asyncio
import functools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.context.syntax import Overrun, Syntax, parse

if TYPE_CHECKING:
    from slm_lsp.text import Document, Edit

PARSE_BUDGET_MS = 5.0
"""Milliseconds of parsing allowed on the event loop; what takes longer goes to a thread."""


_Step = tuple["Edit", "Document", "Document"]
"""An edit with the document before and after it."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """A document with its tree: None without a grammar, or while a long parse is under way."""

    document: Document
    parsed: Syntax | Overrun | None

    @property
    def syntax(self) -> Syntax | None:
        """The tree, if it is the one of `document`."""
        return self.parsed if isinstance(self.parsed, Syntax) else None


class Documents:
    """What the editor has open, by URI."""

    def __init__(self) -> None:
        self._buffers: dict[str, Buffer] = {}
        self._parsing: dict[str, asyncio.Task[None]] = {}
        self._missed: dict[str, list[_Step]] = {}  # edits made while a thread is parsing

    def get(self, uri: str) -> Buffer | None:
        """Return the newest snapshot of `uri`, or None if it is not open."""
        return self._buffers.get(uri)

    def open(self, document: Document) -> None:
        """Take a document that the editor opened, or replaced as a whole."""
        self.close(document.uri)
        self._set(Buffer(document, parse(document, budget_ms=PARSE_BUDGET_MS)))

    def edit(self, uri: str, edit: Edit, version: int) -> None:
        """Apply `edit` to a document that is open."""
        before = self._buffers[uri]
        after = before.document.applied(edit, version)
        match before.parsed:
            case Syntax() as syntax:
                parsed = syntax.edited(edit, before.document, after, PARSE_BUDGET_MS)
            case Overrun() as overrun:
                parsed = overrun.edited(edit, before.document, after)
                self._missed[uri].append((edit, before.document, after))
            case None:
                parsed = None
        self._set(Buffer(after, parsed))

    def close(self, uri: str) -> None:
        """Forget `uri`."""
        self._buffers.pop(uri, None)
        if task := self._parsing.pop(uri, None):
            task.cancel()

    def close_all(self) -> None:
        """Forget everything; parses under way are given up."""
        for uri in list(self._buffers):
            self.close(uri)

    def _set(self, buffer: Buffer) -> None:
        uri = buffer.document.uri
        self._buffers[uri] = buffer
        if isinstance(buffer.parsed, Overrun) and uri not in self._parsing:
            self._missed[uri] = []
            self._parsing[uri] = asyncio.create_task(self._parse_aside(uri))

    async def _parse_aside(self, uri: str) -> None:
        """Parse in a thread until the tree belongs to the newest snapshot.

        Edits made meanwhile are replayed on the tree that the thread made, so each round has less
        to parse than the one before, and typing without a pause cannot keep it from ending.
        """
        while isinstance(overrun := self._buffers[uri].parsed, Overrun):
            missed = self._missed[uri] = []
            parsed = await _in_thread(overrun)
            if missed and isinstance(parsed, Syntax):
                behind = Overrun(parsed.document, parsed.language, parsed.tree)
                parsed = functools.reduce(lambda known, step: known.edited(*step), missed, behind)
            self._buffers[uri] = Buffer(self._buffers[uri].document, parsed)
        del self._parsing[uri]


async def _in_thread(overrun: Overrun) -> Syntax | Overrun | None:
    """Repeat a parse without a budget in a thread, which gives up when this is cancelled."""
    stop = threading.Event()
    try:
        return await asyncio.to_thread(parse, overrun.document, overrun, stop=stop)
    finally:
        stop.set()
