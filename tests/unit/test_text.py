from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.text.document import (
    Cursor,
    Document,
    Edit,
    Span,
    valid_unicode,
)
from slm_lsp.text.lines import split_lines
from tests.unit.marked import cursors, document, edits, index, texts


@given(st.data())
def test_any_edits_equal_those_of_a_plain_string(data):
    text = data.draw(texts())
    current = document(text)
    history = [(current, text)]
    for version in range(1, data.draw(st.integers(1, 6)) + 1):
        edit = data.draw(edits(current, texts()))
        start, end = index(current, edit.span.start), index(current, edit.span.end)
        text = text[:start] + edit.text + text[end:]
        current = current.applied(edit, version)
        history.append((current, text))
    for version, (snapshot, expected) in enumerate(history):
        assert list(snapshot.lines) == split_lines(expected)
        assert snapshot.lines.size == len(expected.encode())
        assert snapshot.version == version


@given(st.data(), st.integers(-5, 40), st.integers(-5, 40))
def test_clamped_places_exist_and_existing_ones_stay(data, line, column):
    made = document(data.draw(texts()))
    place = made.clamp(Cursor(line, column))
    assert 0 <= place.line < len(made.lines)
    assert 0 <= place.column <= len(made.lines[place.line].rstrip("\r\n"))
    assert made.clamp(place) == place
    existing = data.draw(cursors(made))
    assert made.clamp(existing) == existing


def test_places_outside_clamp_to_the_nearest_end():
    made = document("ab\r\ncd")
    assert made.clamp(Cursor(-1, 9)) == Cursor(0, 0)
    assert made.clamp(Cursor(0, 9)) == Cursor(0, 2)
    assert made.clamp(Cursor(9, 0)) == Cursor(1, 2)


@given(st.data())
def test_before_and_after_a_cursor_make_up_its_line(data):
    made = document(data.draw(texts()))
    cursor = data.draw(cursors(made))
    line = made.lines[cursor.line]
    assert made.before(cursor) + made.after(cursor) == line.rstrip("\r\n")


@given(st.text(st.characters(codec=None) | st.sampled_from("\ud800\udc00\udbff\udfff")))
def test_lone_surrogates_become_replacements_of_the_same_length_in_utf_16(text):
    valid = valid_unicode(text)
    valid.encode()
    assert len(valid.encode("utf-16-le")) == len(text.encode("utf-16-le", "surrogatepass"))
    assert valid_unicode(valid) == valid


def test_lone_surrogates_enter_neither_by_opening_nor_by_editing():
    made = document("a\ud800b")
    edited = made.applied(Edit(Span.at(Cursor(0, 3)), "\udfff\n"), 1)
    assert edited.lines.text() == "a\ufffdb\ufffd\n"


def test_a_line_feed_joins_the_carriage_return_before_it():
    made = document("a\rb\n")
    joined = made.applied(Edit(Span(Cursor(1, 0), Cursor(1, 1)), ""), 1)
    assert list(joined.lines) == ["a\r\n", ""]


def test_an_edit_beyond_the_text_is_refused_rather_than_guessed():
    with pytest.raises(IndexError):
        document("a\n").applied(Edit(Span(Cursor(0, 0), Cursor(5, 0)), ""), 1)


def test_editing_keeps_what_the_document_is_called():
    made = Document.of("x", uri="file:///a.go", language="go", path="a.go", version=3)
    edited = made.applied(Edit(Span.at(Cursor(0, 1)), "y"), 4)
    assert (edited.uri, edited.language, edited.path) == ("file:///a.go", "go", "a.go")
    assert (made.lines.text(), made.version) == ("x", 3)
