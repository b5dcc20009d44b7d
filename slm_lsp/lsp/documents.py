"""The open documents, kept as immutable snapshots with their syntax trees."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.context.syntax import Overrun, Syntax, parse

if TYPE_CHECKING:
    from slm_lsp.text import Document, Edit

PARSE_BUDGET_MS = 5.0
"""Milliseconds of parsing allowed on the event loop; what takes longer goes to a thread."""


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

    def get(self, uri: str) -> Buffer | None:
        """Return the newest snapshot of `uri`, or None if it is not open."""
        return self._buffers.get(uri)

    def open(self, document: Document) -> None:
        """Take a document that the editor opened, or replaced as a whole."""
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
            case None:
                parsed = None
        self._set(Buffer(after, parsed))

    def close(self, uri: str) -> None:
        """Forget `uri`."""
        self._buffers.pop(uri, None)
        if task := self._parsing.pop(uri, None):
            task.cancel()

    def _set(self, buffer: Buffer) -> None:
        uri = buffer.document.uri
        self._buffers[uri] = buffer
        if isinstance(buffer.parsed, Overrun) and uri not in self._parsing:
            self._parsing[uri] = asyncio.create_task(self._parse_aside(uri))

    async def _parse_aside(self, uri: str) -> None:
        """Parse in a thread until the tree belongs to the newest snapshot."""
        while (buffer := self._buffers.get(uri)) and isinstance(buffer.parsed, Overrun):
            parsed = await asyncio.to_thread(parse, buffer.document, buffer.parsed)
            if self._buffers.get(uri) is buffer:
                self._buffers[uri] = Buffer(buffer.document, parsed)
        self._parsing.pop(uri, None)
