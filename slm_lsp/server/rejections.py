"""Where something was offered last, so that it is not offered again to somebody deleting it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slm_lsp.text.document import Span
from slm_lsp.text.edits import moved
from slm_lsp.usage.offer import whole_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.text.document import (
        Completion,
        Cursor,
        Document,
        Edit,
    )

SLIP = 3
"""Characters: whoever deletes fewer in a row has mistyped and still wants what was offered."""


@dataclass(frozen=True, slots=True)
class _Offer:
    """What was offered at `anchor`.

    The last edits there took away `deleted` characters in a row, from `deleted_at` on.
    """

    anchor: Cursor
    texts: tuple[str, ...]
    deleted: int = 0
    deleted_at: Cursor | None = None

    def reaches(self, document: Document, cursor: Cursor) -> bool:
        if cursor.line != self.anchor.line or cursor < self.anchor:
            return False
        typed = document.text_in(Span(self.anchor, cursor))
        return any(text.startswith(typed) for text in self.texts)

    def edited(self, edit: Edit, before: Document) -> _Offer:
        """Return it after `edit` of `before`. Only what happens at the offer's place counts."""
        start, end = edit.span.start, edit.span.end
        lines = max((text.count("\n") for text in self.texts), default=0)
        if not self.anchor <= start or start.line > self.anchor.line + lines:
            return replace(self, anchor=moved(self.anchor, edit))
        if edit.text:
            return replace(self, deleted=0, deleted_at=None)
        in_a_row = self.deleted if self.deleted_at in (start, end) else 0
        return replace(self, deleted=in_a_row + len(before.text_in(edit.span)), deleted_at=start)


class RejectionDetector:
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

    def edited(self, edit: Edit, before: Document) -> None:
        """Follow an `edit` of `before`."""
        if (last := self._last.get(before.uri)) is not None:
            self._last[before.uri] = last.edited(edit, before)

    def is_rejected(self, document: Document, cursor: Cursor) -> bool:
        """Tell whether the user deletes what was typed after an offer, or the offer itself."""
        last = self._last.get(document.uri)
        return (
            last is not None
            and last.deleted >= SLIP
            and last.deleted_at == cursor
            and last.reaches(document, cursor)
        )

    def forget(self, uri: str) -> None:
        """Forget a document."""
        self._last.pop(uri, None)
