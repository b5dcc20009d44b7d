"""What a completion is worth, and figures about many."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.evaluation.cases import Case
from slm_lsp.evaluation.metrics import (
    Result,
    figures,
    is_right,
    judged,
    percentile,
    similarity,
    summary,
)


def result(completion: str | None, expected: str = "value + 1", **parts: Any) -> Result:
    where = {"language": "python", "prefix": "x = 1\ny = ", "suffix": "\nz = 2\n", "hole": "line"}
    case = {name: parts.pop(name, default) for name, default in where.items()}
    given: dict[str, Any] = {"dropped": "", "latency_ms": 1.0, "asked": True}
    confidence = None if completion is None else 0.5
    return judged(
        Case(id="one", expected=expected, **case),
        completion,
        **({"confidence": confidence} | given | parts),
    )


def distance(one: str, other: str) -> int:
    """Return the Levenshtein distance the plain way."""
    row = list(range(len(other) + 1))
    for at, left in enumerate(one, 1):
        above, row[0] = row[0], at
        for to, right in enumerate(other, 1):
            above, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, above + (left != right))
    return row[-1]


short = st.text("ab \n", max_size=12)


@given(short, short)
def test_similarity_is_the_levenshtein_distance_by_the_longer_length(one, other):
    longest = max(len(one), len(other))
    expected = 1 - distance(one, other) / longest if longest else 1
    assert similarity(one, other) == pytest.approx(expected)
    assert similarity(other, one) == similarity(one, other)


def test_similarity_of_long_texts():
    assert similarity("ab" * 300, "ab" * 299 + "b") == pytest.approx(1 - 1 / 600)


@pytest.mark.parametrize(
    ("completion", "exact", "right"),
    [
        ("value + 1", True, True),
        ("value + 1  ", True, True),
        ("value", False, True),
        ("val", False, False),
        ("value + 2", False, False),
        ("value + 1 + 2", False, False),
        (None, False, False),
    ],
)
def test_exact_and_right(completion, exact, right):
    got = result(completion)
    assert (got.exact_match, got.right) == (exact, right)


def test_one_line_of_several_is_right_and_no_exact_match():
    got = result("first()", "first()\r\nsecond()\r\n")
    assert (got.exact_match, got.right) == (False, True)


def test_line_ends_make_no_difference():
    assert result("a\r\nb", "a\nb").exact_match


@given(st.text("ab_ \n(.", min_size=1, max_size=10), st.integers(0, 10))
def test_every_start_up_to_the_end_of_a_word_is_right(expected, at):
    expected = expected.rstrip()
    offered = expected[:at].rstrip()
    word = offered[-1:].isalnum() or offered.endswith("_")
    goes_on = expected[len(offered) :][:1]
    splits = word and (goes_on.isalnum() or goes_on == "_")
    assert is_right(offered, expected) == (bool(offered) and not splits)


@pytest.mark.parametrize(
    ("completion", "breaks"), [("value", False), ("value)", True), ("(", True), (None, False)]
)
def test_syntax_errors_are_counted_where_there_was_none(completion, breaks):
    assert result(completion, prefix="x = 1\n", suffix="\n").syntax_error_added is breaks


def test_what_was_broken_before_does_not_count():
    assert not result("value)", prefix="x = (((\n").syntax_error_added
    assert not result("value)", language="perl").syntax_error_added


@pytest.mark.parametrize(
    ("completion", "suffix", "repeats"),
    [
        ("a\nz = 2", "\n\nz = 2\n", True),
        ("z = 2", "\r\n  z = 2\r\n", True),
        ("a\nz = 3", "\nz = 2\n", False),
        ("z = 2\na", "\nz = 2\n", False),
        (None, "\nz = 2\n", False),
        ("a", "", False),
        ("", "\n", False),
    ],
)
def test_repeating_the_next_line(completion, suffix, repeats):
    assert result(completion, suffix=suffix).suffix_repeated is repeats


def test_a_line_that_belongs_there_twice_is_no_repetition():
    assert not result("x()\n}", "x()\n}", suffix="\n}\n").suffix_repeated


def test_figures():
    results = [
        result("value + 1", latency_ms=10.0),
        result("value", latency_ms=20.0),
        result("nonsense", latency_ms=30.0, hole="span"),
        result(None, dropped="inside a word", latency_ms=0.1, asked=False, language="go"),
    ]
    got = summary(results)
    assert got.n == 4
    assert got.exact_match == 0.25
    assert got.shown_rate == 0.75
    assert got.precision_shown == pytest.approx(2 / 3)
    assert got.chars_saved == len("value + 1") + len("value")
    assert (got.latency_p50_ms, got.latency_p95_ms) == (20.0, 30.0)
    assert {name: part.n for name, part in got.by_language.items()} == {"go": 1, "python": 3}
    assert {name: part.n for name, part in got.by_hole.items()} == {"line": 3, "span": 1}
    assert got.by_hole["span"].precision_shown == 0
    assert got.by_language["go"].precision_shown is None
    assert got.by_language["go"].latency_p50_ms is None


def test_figures_of_nothing():
    assert figures([]).exact_match is None
    assert figures([]).n == 0


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(1, 100))
def test_a_percentile_is_one_of_the_values_and_enough_of_them_do_not_exceed_it(values, rank):
    got = percentile(values, rank)
    assert got in values
    assert sum(value <= got for value in values) >= math.floor(rank / 100 * len(values))
