"""Where a long new prompt begins to be read, and that typing goes on from there."""

from __future__ import annotations

from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.engine.kv import CachedSequence, common_prefix
from slm_lsp.engine.shortcut import LEAST_TOKENS, READING_S, Shortcut

LINE = [1, 2, 3, 0]
PIECES = [b"\n    ", b"a", b" b", b"(", b"<start>"]


class Held:
    """Stands in for a cached sequence that holds `tokens`."""

    def __init__(self) -> None:
        self.tokens: list[int] = []

    def held(self, tokens: list[int]) -> int:
        return min(common_prefix(self.tokens, tokens), len(tokens) - 1)


def end_of(shortcut: Shortcut, tokens: list[int], held: Held, fixed: int = 0) -> list[int]:
    held.tokens = shortcut.end_of(tokens, fixed, cast("CachedSequence", held))
    return held.tokens


def test_what_is_affordable_follows_the_measured_speed():
    shortcut = Shortcut(PIECES)
    assert shortcut.affordable == LEAST_TOKENS
    shortcut.observe(1000, 1.0)
    assert shortcut.affordable == 1000 * READING_S
    shortcut.observe(3, 1.0)
    assert shortcut.affordable == 1000 * READING_S


def test_it_begins_with_a_line():
    tokens = end_of(Shortcut(PIECES), LINE * 100, Held())
    assert tokens[0] == 0
    assert LEAST_TOKENS - len(LINE) <= len(tokens) <= LEAST_TOKENS


def test_typing_goes_on_where_it_ended():
    shortcut, held, text = Shortcut(PIECES), Held(), LINE * 100
    first = end_of(shortcut, text, held)
    for typed in range(1, 60):
        assert end_of(shortcut, text + [1] * typed, held) == first + [1] * typed


def test_another_text_begins_anew():
    shortcut, held = Shortcut(PIECES), Held()
    end_of(shortcut, LINE * 100, held)
    assert len(end_of(shortcut, [3] + LINE * 200, held)) <= LEAST_TOKENS


@given(
    st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=400), min_size=1, max_size=5),
    st.integers(0, 1),
)
def test_it_is_always_an_affordable_end(texts: list[list[int]], fixed: int):
    shortcut, held = Shortcut(PIECES), Held()
    for text in texts:
        whole = [4] * fixed + text
        before = list(held.tokens)
        tokens = end_of(shortcut, whole, held, fixed)
        assert tokens[:fixed] == [4] * fixed
        assert tokens[fixed:] == whole[len(whole) - len(tokens) + fixed :]
        assert len(tokens) - common_prefix(before, tokens) <= shortcut.affordable + fixed + 1
