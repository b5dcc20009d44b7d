"""Positions in the editor's units, against a naive oracle over the whole text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position, PositionEncodingKind, Range

from slm_lsp.server.positions import to_cursor, to_position, to_span
from slm_lsp.text.document import Cursor, Document, Span

UTF8, UTF16, UTF32 = (
    PositionEncodingKind.Utf8,
    PositionEncodingKind.Utf16,
    PositionEncodingKind.Utf32,
)
ENCODINGS = st.sampled_from([UTF8, UTF16, UTF32])
# Astral characters, a combining mark, characters of two and three bytes, all line endings, and
# separators that Python takes for line ends and the protocol does not.
TEXT = st.text("aé€😀\u0301\u2028\x0c\t\r\n", max_size=40)


def doc(text: str) -> Document:
    return Document.of(text, uri="file:///a", language="python")


def units(text: str, encoding: PositionEncodingKind) -> int:
    """Count by hand, character by character."""
    if encoding == UTF8:
        return sum(1 + (ord(c) > 0x7F) + (ord(c) > 0x7FF) + (ord(c) > 0xFFFF) for c in text)
    return len(text) + (sum(ord(c) > 0xFFFF for c in text) if encoding == UTF16 else 0)


@given(TEXT, ENCODINGS, st.data())
def test_there_and_back(text: str, encoding: PositionEncodingKind, data: st.DataObject):
    document = doc(text)
    line = data.draw(st.integers(0, len(document.lines) - 1))
    column = data.draw(st.integers(0, document.clamp(Cursor(line, 10**6)).column))
    cursor = Cursor(line, column)
    position = to_position(document, cursor, encoding)
    assert position == Position(line, units(document.lines[line][:column], encoding))
    assert to_cursor(document, position, encoding) == cursor


@given(TEXT, ENCODINGS, st.integers(0, 50), st.integers(0, 99))
def test_every_position_is_somewhere(
    text: str, encoding: PositionEncodingKind, line: int, character: int
):
    document = doc(text)
    cursor = to_cursor(document, Position(line, character), encoding)
    assert document.clamp(cursor) == cursor
    if line < len(document.lines):
        assert units(document.before(cursor), encoding) <= character


@pytest.mark.parametrize(
    ("encoding", "character", "column"),
    [(UTF16, 1, 0), (UTF16, 2, 1), (UTF8, 1, 0), (UTF8, 3, 0), (UTF8, 4, 1), (UTF32, 1, 1)],
)
def test_inside_a_character_is_before_it(
    encoding: PositionEncodingKind, character: int, column: int
):
    assert to_cursor(doc("😀x"), Position(0, character), encoding) == Cursor(0, column)


@pytest.mark.parametrize(
    ("position", "cursor"),
    [
        (Position(0, 99), Cursor(0, 2)),
        (Position(9, 0), Cursor(1, 1)),
        (Position(1, 0), Cursor(1, 0)),
    ],
)
def test_past_the_end_is_the_end(position: Position, cursor: Cursor):
    assert to_cursor(doc("ab\r\nc"), position, UTF16) == cursor


def test_a_reversed_range_is_turned_around():
    span = to_span(doc("abc"), Range(Position(0, 2), Position(0, 1)), UTF16)
    assert span == Span(Cursor(0, 1), Cursor(0, 2))
