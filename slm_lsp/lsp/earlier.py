"""What a document was before: tells an undo, which editors send as an edit like any other."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slm_lsp.lines import Lines
    from slm_lsp.text import Document, Edit

REMEMBERED = 100
"""Texts remembered. They share what they have in common, so each costs about one edit."""


class Earlier:
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
