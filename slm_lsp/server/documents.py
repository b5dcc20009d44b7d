"""The open documents, kept as immutable snapshots with their syntax trees.

What a document was before: tells an undo, which editors send as an edit like any other.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slm_lsp.syntax.syntax import (
    SHORT_LINES,
    PendingParse,
    Syntax,
    parse,
    partial_parse,
    serves,
)

if TYPE_CHECKING:
    from slm_lsp.text.document import Document, Edit
    from slm_lsp.text.lines import Lines

REMEMBERED = 100
"""Texts remembered. They share what they have in common, so each costs about one edit."""


class UndoDetector:
    """The most recent texts of one document."""

    def __init__(self) -> None:
        self._texts: deque[Lines] = deque(maxlen=REMEMBERED)

    def brought_back(self, edit: Edit, before: Document, after: Document) -> bool:
        """Tell whether `edit`, from `before` to `after`, brought back a text; remember `before`.

        A single character typed or deleted is no undo, nor is indentation, whatever it leads to.
        """
        text, line = after.lines, edit.span.start.line
        found = _is_more_than_a_key(edit, before) and any(
            (old.size, len(old)) == (text.size, len(text))
            and text.same_around(old, line, len(text) - line)
            for old in self._texts
        )
        self._texts.append(before.lines)
        return found


def _is_more_than_a_key(edit: Edit, before: Document) -> bool:
    start, end = edit.span.start, edit.span.end
    if start.line != end.line:
        return True
    taken = before.lines[start.line][start.column : end.column]
    return max(len(taken.strip()), len(edit.text.strip())) > 1


PARSE_AFTER_S = 0.03
"""Seconds after an edit until it is parsed, if nobody needs the tree before. What is typed through
is answered without it."""

PARSE_LONG_AFTER_S = 0.5
"""Likewise for all of a long document; until then there are trees of what surrounds the cursor."""

PARSE_BUDGET_MS = 5.0
"""Milliseconds of parsing allowed on the event loop; what takes longer goes to a thread."""

_Step = tuple["Edit", "Document", "Document"]
"""An edit with the document before and after it."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """A document with its tree: None without a grammar, an Overrun while it is still to be made.

    `near` is a tree of what surrounds the cursor in a long one, as far as it is known. `undone`
    tells that its last edit brought back an earlier text.
    """

    document: Document
    parsed: Syntax | PendingParse | None
    near: Syntax | PendingParse | None = None
    undone: bool = False


class Documents:
    """What the editor has open, by URI."""

    def __init__(self) -> None:
        self._buffers: dict[str, Buffer] = {}
        self._parsing: dict[str, asyncio.Task[None]] = {}
        self._earlier: dict[str, UndoDetector] = {}
        self._missed: dict[str, list[_Step]] = {}  # edits made while a thread is parsing

    def get(self, uri: str) -> Buffer | None:
        """Return the newest snapshot of `uri`, or None if it is not open."""
        return self._buffers.get(uri)

    def all(self) -> list[Document]:
        """Return the newest snapshot of every document."""
        return [buffer.document for buffer in self._buffers.values()]

    def open(self, document: Document) -> None:
        """Take a document that the editor opened, or replaced as a whole."""
        self.close(document.uri)
        self._earlier[document.uri] = UndoDetector()
        self._set(Buffer(document, parse(document, budget_ms=PARSE_BUDGET_MS)))

    def edit(self, uri: str, edit: Edit, version: int) -> None:
        """Apply `edit` to a document that is open."""
        buffer = self._buffers[uri]
        after = buffer.document.applied(edit, version)
        undone = self._earlier[uri].brought_back(edit, buffer.document, after)
        parsed = buffer.parsed and buffer.parsed.unparsed(edit, buffer.document, after)
        near = buffer.near
        if near is not None and serves(near, edit.span.start.line):
            near = near.unparsed(edit, buffer.document, after)
        else:
            near = None
        if uri in self._parsing:
            self._missed[uri].append((edit, buffer.document, after))
        elif parsed is not None and len(after.lines) <= SHORT_LINES:
            asyncio.get_running_loop().call_later(PARSE_AFTER_S, self._parse, uri)
        elif parsed is not None:
            later = asyncio.get_running_loop().call_later
            later(PARSE_LONG_AFTER_S, self._parse_rested, after)
        self._buffers[uri] = Buffer(after, parsed, near, undone)

    def settle(self, buffer: Buffer, line: int) -> Syntax | PendingParse | None:
        """Return a tree of what surrounds `line` in `buffer`, made now if that is quick."""
        if not isinstance(buffer.parsed, PendingParse):
            return buffer.parsed
        uri = buffer.document.uri
        newest = self._buffers.get(uri)
        if newest is not None and newest.document is buffer.document:
            buffer = newest
        if len(buffer.document.lines) > SHORT_LINES:
            return self._parse_near(buffer, line)
        if buffer is not newest:
            return parse(buffer.document, buffer.parsed, budget_ms=PARSE_BUDGET_MS)
        self._parse(uri)
        return self._buffers[uri].parsed

    async def parsed(self, uri: str) -> None:
        """Wait for the thread that parses all of `uri`, if there is one."""
        if (task := self._parsing.get(uri)) is not None:
            await asyncio.shield(task)

    def close(self, uri: str) -> None:
        """Forget `uri`."""
        self._buffers.pop(uri, None)
        self._earlier.pop(uri, None)
        self._missed.pop(uri, None)
        if task := self._parsing.pop(uri, None):
            task.cancel()

    def close_all(self) -> None:
        """Forget everything; parses under way are given up."""
        for uri in list(self._buffers):
            self.close(uri)

    def _parse(self, uri: str) -> None:
        """Make the tree of a document now, or in a thread if that takes long."""
        buffer = self._buffers.get(uri)
        if (
            buffer is not None
            and isinstance(buffer.parsed, PendingParse)
            and uri not in self._parsing
        ):
            parsed = parse(buffer.document, buffer.parsed, budget_ms=PARSE_BUDGET_MS)
            self._set(replace(buffer, parsed=parsed))

    def _parse_near(self, buffer: Buffer, line: int) -> Syntax | PendingParse | None:
        """Make a tree of what surrounds `line` in a long document."""
        if (
            not isinstance(buffer.parsed, PendingParse)
            or (known := buffer.parsed.outdated()) is None
        ):
            return buffer.parsed
        near = buffer.near
        if near is None or not serves(near, line):
            near = partial_parse(known, line)
        if isinstance(near, Syntax):
            return near
        made = parse(buffer.document, near, budget_ms=PARSE_BUDGET_MS)
        if not isinstance(made, Syntax):
            return buffer.parsed
        uri = buffer.document.uri
        if self._buffers.get(uri) is buffer:
            self._buffers[uri] = replace(buffer, near=made)
        return made

    def _parse_rested(self, document: Document) -> None:
        """Parse all of a long document in a thread, unless it was edited since."""
        buffer = self._buffers.get(document.uri)
        if buffer is not None and buffer.document is document:
            self._set(buffer)

    def _set(self, buffer: Buffer) -> None:
        uri = buffer.document.uri
        self._buffers[uri] = buffer
        if isinstance(buffer.parsed, PendingParse) and uri not in self._parsing:
            self._missed[uri] = []
            self._parsing[uri] = asyncio.create_task(self._parse_aside(uri))

    async def _parse_aside(self, uri: str) -> None:
        """Parse in a thread until the tree belongs to the newest snapshot.

        Edits made meanwhile are replayed on the tree that the thread made, so each round has less
        to parse than the one before, and typing without a pause cannot keep it from ending.
        """
        while isinstance(overrun := self._buffers[uri].parsed, PendingParse):
            missed = self._missed[uri] = []
            parsed = await _in_thread(overrun)
            if missed and isinstance(parsed, Syntax):
                behind = PendingParse(parsed.document, parsed.language, parsed.tree)
                parsed = functools.reduce(lambda known, step: known.unparsed(*step), missed, behind)
            self._buffers[uri] = replace(self._buffers[uri], parsed=parsed)
        del self._parsing[uri]


async def _in_thread(overrun: PendingParse) -> Syntax | PendingParse | None:
    """Repeat a parse without a budget in a thread, which gives up when this is cancelled."""
    stop = threading.Event()
    try:
        return await asyncio.to_thread(parse, overrun.document, overrun, stop=stop)
    finally:
        stop.set()
