"""For each document, the definitions in other files that go above its window.

The model reads everything below them again when they change, so they are looked up when the cursor
comes into another part of the document, in a thread, and change only when it is on another line.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.context.window import GRID_LINES
from slm_lsp.index.definitions import definition_lines
from slm_lsp.syntax.syntax import PendingParse

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.server.documents import Buffer
    from slm_lsp.text.document import Cursor

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Place:
    """`shown` is what the model reads while the cursor is on `line`; `found` is the newest."""

    line: int = -1
    shown: str = ""
    found: str = ""
    part: int | None = None  # of the document, in steps of the window's grid
    looking: asyncio.Task[None] | None = None


class Definitions:
    """What was found, by the documents' URIs."""

    def __init__(self) -> None:
        self._places: dict[str, _Place] = {}

    def above(self, buffer: Buffer, cursor: Cursor, database: Path, tokens: int) -> str:
        """Return the lines to stand above the window at `cursor`, at most `tokens` by estimate.

        Waits for nothing: what is not found yet is there when the cursor is on another line.
        """
        place = self._places.setdefault(buffer.document.uri, _Place())
        if place.line != cursor.line:
            place.line, place.shown = cursor.line, place.found
        part = cursor.line // GRID_LINES
        if place.part != part and (place.looking is None or place.looking.done()):
            place.part = part
            place.looking = asyncio.create_task(_look(place, buffer, cursor, database, tokens))
        return place.shown

    def outdated(self) -> None:
        """Look everything up again, because the index has changed."""
        for place in self._places.values():
            place.part = None

    def forget(self, uri: str) -> None:
        """Drop what was found for a document that was closed."""
        if (place := self._places.pop(uri, None)) and place.looking:
            place.looking.cancel()

    def close(self) -> None:
        """Drop everything."""
        for uri in list(self._places):
            self.forget(uri)


async def _look(place: _Place, buffer: Buffer, cursor: Cursor, database: Path, tokens: int) -> None:
    parsed = buffer.parsed
    syntax = parsed.outdated() if isinstance(parsed, PendingParse) else parsed
    document = buffer.document
    try:
        place.found = await asyncio.to_thread(
            definition_lines, database, document, syntax, cursor, tokens
        )
    except Exception as error:  # noqa: BLE001  # a completion without them is as good as before
        log.warning("no definitions: %s", type(error).__name__)
