"""Where something was offered last, so that it is not offered again to somebody deleting it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.text import Span
from slm_lsp.usage.offer import whole_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.lsp.documents import Buffer
    from slm_lsp.text import Completion, Cursor, Document

SLIP = 3
"""Characters: whoever deletes fewer in a row has mistyped and still wants what was offered."""


@dataclass(frozen=True, slots=True)
class _Offer:
    anchor: Cursor
    texts: tuple[str, ...]

    def reaches(self, document: Document, cursor: Cursor) -> bool:
        if cursor.line != self.anchor.line or cursor < self.anchor:
            return False
        typed = document.text_in(Span(self.anchor, cursor))
        return any(text.startswith(typed) for text in self.texts)


class Offered:
    """The last offer in each document, for as long as the cursor is where it was or inside it."""

    def __init__(self) -> None:
        self._last: dict[str, _Offer] = {}

    def remember(
        self, document: Document, cursor: Cursor, completions: Sequence[Completion]
    ) -> None:
        """Take in what was offered at `cursor`, unless it is only the rest of what was before."""
        last = self._last.get(document.uri)
        if not completions or (last is not None and last.reaches(document, cursor)):
            return
        texts = (whole_text(document, cursor, completion) for completion in completions)
        self._last[document.uri] = _Offer(cursor, tuple(text for text in texts if text))

    def is_rejected(self, buffer: Buffer, cursor: Cursor) -> bool:
        """Tell whether somebody deletes what was typed after an offer, or the offer itself."""
        last = self._last.get(buffer.document.uri)
        return buffer.deleted >= SLIP and last is not None and last.reaches(buffer.document, cursor)

    def forget(self, uri: str) -> None:
        """Forget a document."""
        self._last.pop(uri, None)
