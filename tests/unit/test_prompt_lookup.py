"""Guessed tokens are those that followed before, and what is written stays the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.inference.llama.branches import DRAFT_TOKENS, KEY_TOKENS, decode, guess
from slm_lsp.inference.llama.kv import CachedSequence
from slm_lsp.inference.llama.throughput import FORGOTTEN, GUESS_WORTH, Throughput
from slm_lsp.inference.llama.vocabulary import Vocabulary
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.prompts.fim import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.inference.llama.context import LlamaContext


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([], []),
        ([1, 2, 3], []),
        ([1, 2, 3, 4, 5], []),
        ([1, 2, 3, 7, 8, 9, 10, 1, 2, 3], [7, 8, 9]),
        ([1, 2, 3, 7, 1, 2, 3, 8, 1, 2, 3], [8, 1, 2]),  # the nearest place counts
        ([1, 1, 1, 1], [1]),
        ([256, 1, 0, 0, 2, 3, 256, 1, 0], [0, 2, 3]),
    ],
)
def test_what_followed_before_is_guessed(tokens: list[int], expected: list[int]):
    assert guess(tokens) == expected


@given(st.lists(st.integers(0, 70_000) | st.integers(0, 2), max_size=60))
def test_a_guess_is_found_where_a_search_by_hand_finds_it(tokens: list[int]):
    key = tokens[-KEY_TOKENS:]
    starts = [
        at
        for at in range(len(tokens) - KEY_TOKENS)
        if len(tokens) > KEY_TOKENS and tokens[at : at + KEY_TOKENS] == key
    ]
    found = starts[-1] + KEY_TOKENS if starts else len(tokens)
    assert guess(tokens) == tokens[found : found + DRAFT_TOKENS]


class Reciting:
    """A runtime whose model always goes on as `text` does, and that counts its steps."""

    def __init__(self, text: list[int], *, guesses: bool) -> None:
        self.text = text
        self.cache: list[int] = []
        self.steps = self.appended = 0
        self.pace = Throughput()
        if not guesses:
            self.pace.wrote(1.0)
            self.pace.guessed(2 * GUESS_WORTH)

    def forget_from(self, position: int, sequence: int) -> None:
        if sequence == 0:
            del self.cache[position:]

    def evaluate(self, tokens: list[int], *, position: int, **_: object) -> None:
        assert position == len(self.cache)
        self.cache += tokens

    def append(self, rows: list[tuple[int, int, int]], abort: AbortFlag, guessed: int = 0) -> None:
        assert [position for _, position, _ in rows] == list(
            range(len(self.cache), len(self.cache) + len(rows))
        )
        self.cache += [token for token, _, _ in rows]
        self.rows = len(rows)
        self.steps += 1
        self.appended += len(rows) - guessed

    def evaluated_tokens(self, sequence: int) -> int:
        return len(self.cache)

    def logits(self, row: int) -> npt.NDArray[np.float32]:
        at = len(self.cache) + row + 1 if row < 0 else len(self.cache) - self.rows + row + 1
        scores = np.zeros(4, dtype=np.float32)
        right = self.cache[:at] == self.text[:at] and at < len(self.text)
        scores[self.text[at] if right else 0] = 5.0
        return scores


END = 0
VOCABULARY = Vocabulary([b"", b"a", b"b", b"c"])


def written(text: list[int], prompt: int, *, guesses: bool) -> tuple[str, Reciting]:
    """Return what is written behind the first `prompt` tokens of `text`."""
    runtime = Reciting([*text, END], guesses=guesses)
    sequence = CachedSequence(cast("LlamaContext", runtime))
    sequence.read(text[:prompt], AbortFlag())
    layout = Layout((), tuple(text[:prompt]))
    running = {0}
    tokens: Iterator[object] = decode(
        lambda token: token == END, VOCABULARY, sequence, layout, running, AbortFlag()
    )
    return "".join(token.text for token in tokens), runtime  # type: ignore[attr-defined]


@given(st.lists(st.integers(1, 3), min_size=2, max_size=60), st.data())
def test_guesses_change_nothing_but_the_number_of_steps(text: list[int], data: st.DataObject):
    prompt = data.draw(st.integers(1, len(text) - 1))
    plain, slow = written(text, prompt, guesses=False)
    guessed, fast = written(text, prompt, guesses=True)
    assert guessed == plain == "".join(" abc"[token] for token in text[prompt:])
    assert fast.steps <= slow.steps
    assert fast.appended == slow.appended == len(text) - prompt


def test_repeated_text_takes_fewer_steps():
    text = [1, 2, 3, 3, 2, 1, 1, 2, 2] * 4
    _, slow = written(text, 12, guesses=False)
    _, fast = written(text, 12, guesses=True)
    assert fast.steps * 2 < slow.steps


def test_guesses_are_made_where_they_pay():
    pace = Throughput()
    assert pace.guesses_pay  # nothing is known yet
    pace.wrote(1.0)
    pace.guessed(GUESS_WORTH * 0.9)
    assert pace.guesses_pay
    pace = Throughput()
    pace.wrote(1.0)
    pace.guessed(GUESS_WORTH * 1.1)
    assert not pace.guesses_pay
    for _ in range(round(0.2 / (1 - FORGOTTEN))):
        pace.wrote(1.0)
    assert pace.guesses_pay  # one stall does not end them for good
