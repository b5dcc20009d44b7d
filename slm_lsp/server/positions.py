"""Between the editor's positions, counted in UTF-8, UTF-16 or UTF-32 units, and ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol.types import Position, PositionEncodingKind, Range

from slm_lsp.text.document import Cursor, Span

if TYPE_CHECKING:
    from slm_lsp.text.document import Document

_CODECS = {
    PositionEncodingKind.Utf8: ("utf-8", 1),
    PositionEncodingKind.Utf16: ("utf-16-le", 2),
    PositionEncodingKind.Utf32: ("utf-32-le", 4),
}
"""For each unit the Python codec that has it and the bytes it takes there."""


def to_cursor(document: Document, position: Position, encoding: PositionEncodingKind) -> Cursor:
    """Return the place the editor means: past the end of a line or text is at that end.

    A position inside a character (half a surrogate pair, a UTF-8 continuation byte) is before it.
    """
    if position.line >= len(document.lines):
        return document.clamp(Cursor(position.line, 0))
    line = document.lines[position.line]
    if line.isascii():
        column = position.character
    else:
        codec, width = _CODECS[encoding]
        raw = line.encode(codec)[: position.character * width]
        column = len(raw.decode(codec, "ignore"))
    return document.clamp(Cursor(position.line, column))


def given_position(params: Any) -> Position | None:
    """Return the position in parameters that nobody has checked; None where there is none."""
    line, character = getattr(params, "line", None), getattr(params, "character", None)
    if not isinstance(line, int) or not isinstance(character, int):
        return None
    return Position(max(line, 0), max(character, 0))


def to_position(document: Document, cursor: Cursor, encoding: PositionEncodingKind) -> Position:
    """Return `cursor` as the editor counts."""
    before = document.before(cursor)
    codec, width = _CODECS[encoding]
    units = len(before) if before.isascii() else len(before.encode(codec)) // width
    return Position(cursor.line, units)


def to_span(document: Document, place: Range, encoding: PositionEncodingKind) -> Span:
    """Return the span the editor means by `place`; a reversed one is turned around."""
    start = to_cursor(document, place.start, encoding)
    end = to_cursor(document, place.end, encoding)
    return Span(min(start, end), max(start, end))


def to_range(document: Document, span: Span, encoding: PositionEncodingKind) -> Range:
    """Return `span` as the editor counts."""
    return Range(
        to_position(document, span.start, encoding), to_position(document, span.end, encoding)
    )
