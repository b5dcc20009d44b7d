"""Telling an undo from other edits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.server.documents import REMEMBERED, UndoDetector
from slm_lsp.text.document import (
    Cursor,
    Document,
    Edit,
    Span,
)
from tests.unit.marked import document, edits, texts


def edit(line: int, start: int, end: int, text: str) -> Edit:
    return Edit(Span(Cursor(line, start), Cursor(line, end)), text)


def told(made: Document, *steps: Edit) -> list[bool]:
    """Return for each of `steps`, one after the other, whether it brought back a text."""
    earlier, found = UndoDetector(), []
    for step in steps:
        after = made.applied(step, made.version + 1)
        found.append(earlier.brought_back(step, made, after))
        made = after
    return found


TYPED = [edit(1, column, column, letter) for column, letter in enumerate("abcd")]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (edit(1, 0, 4, ""), True),  # all that was typed
        (edit(1, 2, 4, ""), True),  # a part of it
        (edit(1, 1, 3, ""), False),  # text that never was
        (edit(1, 3, 4, ""), False),  # backspace
        (edit(1, 4, 4, "e"), False),
        (edit(1, 0, 4, "other"), False),
    ],
)
def test_an_undo_brings_back_what_was_before(last, expected):
    assert told(document("x = 1\n\ny = 2\n"), *TYPED, last) == [False] * 4 + [expected]


@pytest.mark.parametrize("line", [0, 5_000, 9_999])
def test_an_undo_is_told_anywhere_in_a_long_document(line):
    made = document("".join(f"x{number} = 1\n" for number in range(10_000)))
    steps = [edit(line, 0, 0, "call()\n"), Edit(Span(Cursor(line, 0), Cursor(line + 1, 0)), "")]
    assert told(made, *steps) == [False, True]


def test_a_redo_brings_back_a_text_too():
    steps = [edit(1, 0, 0, "call()"), edit(1, 0, 6, ""), edit(1, 0, 0, "call()")]
    assert told(document("x\n\n"), *steps) == [False, True, True]


def test_typing_the_same_character_again_is_typing():
    steps = [edit(1, 0, 0, "a"), edit(1, 0, 1, ""), edit(1, 0, 0, "a"), edit(1, 0, 1, "")]
    assert told(document("x\n\n"), *steps) == [False] * 4


def test_indentation_taken_back_is_typing():
    steps = [edit(1, 0, 0, "    "), edit(1, 0, 4, "")]
    assert told(document("x\n\n"), *steps) == [False] * 2


def test_what_was_long_ago_is_forgotten():
    typed = [edit(1, column, column, "a") for column in range(REMEMBERED + 1)]
    steps = [*typed, edit(1, 0, REMEMBERED + 1, "")]
    assert not told(document("x\n\n"), *steps)[-1]


@given(st.data())
def test_no_text_is_told_to_be_back_that_is_not(data):
    made = document(data.draw(texts()))
    earlier, seen = UndoDetector(), []
    for _ in range(data.draw(st.integers(1, 8))):
        step = data.draw(edits(made, texts()))
        after = made.applied(step, 1)
        seen.append(made.lines.text())
        if earlier.brought_back(step, made, after):
            assert after.lines.text() in seen
        made = after
