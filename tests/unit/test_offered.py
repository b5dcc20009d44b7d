"""Which deletions reject an offer."""

from __future__ import annotations

import pytest

from slm_lsp.server.rejections import RejectionDetector
from slm_lsp.text.document import (
    Completion,
    Cursor,
    Document,
    Edit,
    Span,
)

BEFORE = "import os\n\ntotal = \nother = 12345\n"
PLACE = Cursor(2, 8)


def typed(line: int, column: int, text: str) -> Edit:
    return Edit(Span.at(Cursor(line, column)), text)


def deleted(line: int, start: int, end: int) -> Edit:
    return Edit(Span(Cursor(line, start), Cursor(line, end)), "")


def rejected(*edits: Edit, at: Cursor = PLACE) -> bool:
    """Offer `first + second` behind `total = `, apply `edits`; is the next offer held back?"""
    made = Document.of(BEFORE, uri="file:///a.py", language="python")
    offered = RejectionDetector()
    offered.remember(made, PLACE, [Completion("first + second", Span.at(PLACE), 0.9)])
    for edit in edits:
        offered.edited(edit, made)
        made = made.applied(edit, made.version + 1)
    return offered.is_rejected(made, at)


BACKSPACES = tuple(deleted(2, column, column + 1) for column in (13, 12, 11, 10, 9, 8))


@pytest.mark.parametrize(
    ("edits", "at", "expected"),
    [
        ((typed(2, 8, "first "), *BACKSPACES), PLACE, True),
        ((typed(2, 8, "first "), *BACKSPACES[:3]), Cursor(2, 11), True),
        ((typed(2, 8, "first "), *BACKSPACES[:2]), Cursor(2, 12), False),  # a slip
        ((typed(2, 8, "first + second"), deleted(2, 8, 22)), PLACE, True),
        ((typed(2, 8, "first "), *BACKSPACES, typed(2, 8, "x"), deleted(2, 8, 9)), PLACE, False),
        # Elsewhere.
        ((deleted(3, 8, 13),), PLACE, False),
        ((deleted(0, 6, 9),), PLACE, False),
        ((deleted(3, 12, 13), deleted(3, 11, 12), deleted(3, 10, 11)), PLACE, False),
        # One Backspace of three cursors comes as three edits, the last place first.
        ((typed(2, 8, "f"), deleted(3, 8, 9), deleted(2, 8, 9), deleted(0, 7, 8)), PLACE, False),
        # Lines that went away above take the place of the offer with them.
        (
            (typed(2, 8, "first "), Edit(Span(Cursor(0, 0), Cursor(1, 0)), ""), deleted(1, 8, 14)),
            Cursor(1, 8),
            True,
        ),
    ],
)
def test_only_a_deletion_at_the_place_of_the_offer_rejects_it(edits, at, expected):
    assert rejected(*edits, at=at) is expected


def test_three_backspaces_of_several_cursors_are_three():
    edits = [typed(3, 8, "first "), typed(2, 8, "first ")]
    for column in (13, 12, 11):
        edits += [deleted(3, column, column + 1), deleted(2, column, column + 1)]
    assert rejected(*edits, at=Cursor(2, 11))
