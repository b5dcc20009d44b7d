"""Where a long new prompt begins to be read, and that typing goes on from there."""

from __future__ import annotations

from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.inference.llama.kv import CachedSequence, common_prefix
from slm_lsp.inference.llama.throughput import (
    ANSWER_TOKENS,
    FIRST_BATCH,
    FIRST_BATCH_S,
    LEAST_TOKENS,
    Throughput,
)
from slm_lsp.inference.llama.truncation import PromptTruncator
from slm_lsp.inference.prompts.fim import Layout

LINE = (1, 2, 3, 0)
PIECES = [b"\n    ", b"a", b" b", b"(", b"<start>"]


class Held:
    """Stands in for a cached sequence that holds `tokens`."""

    def __init__(self) -> None:
        self.tokens: list[int] = []

    def held(self, tokens: list[int]) -> int:
        return min(common_prefix(self.tokens, tokens), len(tokens) - 1)


def end_of(shortcut: PromptTruncator, whole: Layout, held: Held, affordable: int = 96) -> list[int]:
    cached = cast("CachedSequence", held)
    held.tokens = shortcut.end_of(whole, affordable, cached).tokens
    return held.tokens


def test_what_is_affordable_follows_the_measured_speed():
    pace = Throughput()
    assert pace.affordable(0.5) == LEAST_TOKENS
    pace.read(1000, 1.0)
    assert pace.affordable(0.5) == 500
    pace.read(FIRST_BATCH - 1, 1.0)
    assert pace.affordable(0.5) == 500
    pace.wrote(0.01)
    assert pace.affordable(0.5) == 500 - 10 * ANSWER_TOKENS
    assert pace.affordable(0.05) == LEAST_TOKENS


def test_one_slow_moment_does_not_count_for_long():
    pace = Throughput()
    for _ in range(10):
        pace.read(100, 0.1)
    pace.read(100, 1.0)
    for _ in range(12):
        pace.read(100, 0.1)
    assert 0.1 <= pace.read_s * 100 < 0.11


def test_the_first_batch_is_what_can_be_read_in_its_time():
    pace = Throughput()
    assert pace.first_batch() == FIRST_BATCH
    pace.read(100, 0.1)
    assert pace.first_batch() == 1000 * FIRST_BATCH_S
    for _ in range(20):
        pace.read(100, 60.0)
    assert pace.first_batch() == FIRST_BATCH


def test_it_begins_with_a_line():
    tokens = end_of(PromptTruncator(PIECES), Layout((), LINE * 100), Held())
    assert tokens[0] == 0
    assert 96 - len(LINE) <= len(tokens) <= 96


def test_typing_goes_on_where_it_ended():
    shortcut, held, text = PromptTruncator(PIECES), Held(), LINE * 100
    first = end_of(shortcut, Layout((4,), text, (4, 4)), held)
    for typed in range(1, 60):
        now = end_of(shortcut, Layout((4,), text + (1,) * typed, (4, 4)), held)
        assert now == [*first[:-2], *[1] * typed, 4, 4]


def test_another_text_begins_anew():
    shortcut, held = PromptTruncator(PIECES), Held()
    end_of(shortcut, Layout((), LINE * 100), held)
    assert len(end_of(shortcut, Layout((), (3, *LINE * 200)), held)) <= 96


@given(
    st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=400), min_size=1, max_size=5),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_it_is_always_an_affordable_end(texts: list[list[int]], head: int, tail: int):
    shortcut, held = PromptTruncator(PIECES), Held()
    for text in texts:
        whole = Layout((4,) * head, tuple(text), (4,) * tail)
        before = list(held.tokens)
        tokens = end_of(shortcut, whole, held)
        kept = tokens[head : len(tokens) - tail]
        assert tokens == [*whole.head, *kept, *whole.tail]
        assert kept == text[len(text) - len(kept) :]
        assert len(tokens) - common_prefix(before, tokens) <= max(96, head + tail + 48) + 1
