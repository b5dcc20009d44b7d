"""When an answer is complete, and that running out of time leaves sound text."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.inference.worker.stop_policy import StopPolicy

LATE = 1.0


def answer(
    pieces: list[str],
    *,
    stops: tuple[str, ...] = ("\n",),
    max_tokens: int = 100,
    due_after: int = 1000,
    patience: int = 1000,
    min_confidence: float = 0.0,
    opener: str = "",
    share: float = 0.5,
) -> tuple[str, str]:
    """Write `pieces`, one a second and each with a probability of `share`.

    Return what is kept and why.
    """
    ending = StopPolicy(stops, max_tokens, float(patience), min_confidence, opener)
    for number, piece in enumerate(pieces):
        if reason := ending.add(piece, math.log(share), number + 0.5 - due_after):
            return ending.text[: ending.kept], reason
    return ending.text, ""


@pytest.mark.parametrize(
    ("pieces", "options", "expected"),
    [
        (["a", " =", " 1", "\n", "b"], {}, ("a = 1", "stop")),
        (["a", " =", " 1\nb"], {}, ("a = 1", "stop")),
        (["a", "b", "c"], {"max_tokens": 2}, ("ab", "length")),
        (["a", "-", "->", "b"], {"stops": ("-->",)}, ("a", "stop")),
        (["foo", "(", "a", ",", " b", ")", ".", "c"], {"due_after": 2}, ("foo(a, b)", "time")),
        (["total", "_", "sum", " +", " 1"], {"due_after": 1}, ("total_sum", "time")),
        (["return", " x", " +", " y", ";"], {"due_after": 1}, ("return x", "time")),
        (["'a", " b", "'", " +"], {"due_after": 1}, ("'a b'", "time")),
        (["f", "(", "1", ",", "2"], {"due_after": 1, "patience": 2}, ("f", "time")),
        (["x", " = 1", "\ny"], {"stops": (), "due_after": 2}, ("x = 1", "time")),
        (
            ["\n", "    a", "(", "1"],
            {"stops": (), "due_after": 1, "patience": 2},
            ("\n    a", "time"),
        ),
        (["a", " =", " 1", "\n"], {"min_confidence": 0.2}, ("a =", "doubt")),
        (["total", "_", "sum", " +"], {"min_confidence": 0.2}, ("", "doubt")),
        (["a", ".", "b", "c", "d"], {"min_confidence": 0.1}, ("a.", "doubt")),
        (["a", "\n"], {"min_confidence": 0.2}, ("a", "stop")),
        (["a"], {"min_confidence": 0.6}, ("", "doubt")),
        (
            ["\n", "  a", "\n", "  b", " ="],
            {"stops": (), "min_confidence": 0.05},
            ("\n  a", "doubt"),
        ),
        (
            ["if a:", "\n", "  b", "\n", "c"],
            {"opener": ":", "share": 0.99},
            ("if a:\n  b\nc", ""),
        ),
        (["if a:", "\n", "  b", "\n", "c"], {"opener": ":"}, ("if a:", "stop")),
        (["if a {", "\n", "  b"], {"opener": ":", "share": 0.99}, ("if a {", "stop")),
        (["if a:", "\n", "  b"], {"opener": ":", "share": 0.99, "due_after": 2}, ("if a:", "time")),
        (
            ["if a:", "\n", "  b", " =", " 1"],
            {"opener": ":", "share": 0.92, "min_confidence": 0.72},
            ("if a:", "doubt"),
        ),
    ],
)
def test_ends(pieces, options, expected):
    assert answer(pieces, **options) == expected


def test_without_a_budget_there_is_all_the_time_in_the_world():
    ending = StopPolicy((), 100)
    assert not any(ending.add(" a;", -1.0, 1e9) for _ in range(99))
    assert not ending.complete


@given(st.lists(st.sampled_from(["a", "bc", " ", "(", ")", "'", ",", " x", "\n", "1", "."])))
def test_what_time_leaves_is_whole(pieces: list[str]):
    ending = StopPolicy((), 1000, patience_s=3.0)
    for number, piece in enumerate(pieces):
        if reason := ending.add(piece, -1.0, float(number - 3)):
            assert reason == "time"
            kept, rest = ending.text[: ending.kept], ending.text[ending.kept :]
            assert not (re.search(r"\w\Z", kept) and re.match(r"\w", rest))
            return
    assert not ending.complete
