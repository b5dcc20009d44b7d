"""Where a place is after an edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.text.document import Cursor, Span
from slm_lsp.text.lines import split_lines

if TYPE_CHECKING:
    from slm_lsp.text.document import Edit


def moved(cursor: Cursor, edit: Edit) -> Cursor:
    """Return where the text that stood at `cursor` stands after `edit`.

    What is put in just there stands behind it, and what replaces its surroundings does too.
    """
    start, end = edit.span.start, edit.span.end
    if cursor <= start:
        return cursor
    return start if cursor < end else _behind(cursor, edit)


def moved_span(span: Span, edit: Edit) -> Span:
    """Return where the text of `span` stands after `edit`; what is put in around it is not part."""
    return Span(
        _behind(span.start, edit) if _is_before(edit, span) else moved(span.start, edit),
        moved(span.end, edit),
    )


def _is_before(edit: Edit, span: Span) -> bool:
    return edit.span.end <= span.start < span.end


def _behind(cursor: Cursor, edit: Edit) -> Cursor:
    """Return where a `cursor` at or behind the end of `edit` stands afterwards."""
    end = edit.span.end
    *above, last = split_lines(edit.text)
    line = cursor.line - end.line + edit.span.start.line + len(above)
    if cursor.line > end.line:
        return Cursor(line, cursor.column)
    head = len(last) if above else edit.span.start.column + len(last)
    return Cursor(line, cursor.column - end.column + head)
