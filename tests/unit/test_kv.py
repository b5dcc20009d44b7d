"""Which tokens are evaluated again, on a runtime that only counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.inference.llama.kv import (
    REMEMBERED,
    WORTH_READING_AHEAD,
    CachedSequence,
    PromptCache,
    common_prefix,
)
from slm_lsp.inference.model import Aborted, AbortFlag

if TYPE_CHECKING:
    from slm_lsp.inference.llama.context import LlamaContext


class Counting:
    """Stands in for `Llama`: keeps the tokens it was given, can give up after some of them."""

    def __init__(self) -> None:
        self.cache: list[int] = []
        self.evaluations: list[int] = []
        self.give_up_after = 10**9

    def forget_from(self, position: int, sequence: int) -> None:
        del self.cache[position:]

    def evaluate(
        self,
        tokens: list[int],
        *,
        position: int,
        sequence: int,
        abort: AbortFlag,
        outputs: int = 1,
    ) -> None:
        assert 1 <= outputs <= len(tokens)
        assert position == len(self.cache)
        self.cache += tokens[: self.give_up_after]
        self.evaluations.append(len(tokens[: self.give_up_after]))
        if self.give_up_after < len(tokens):
            raise Aborted

    def evaluated_tokens(self, sequence: int) -> int:
        return len(self.cache)

    def logits(self, row: int) -> npt.NDArray[np.float32]:
        """Return scores that tell what they follow, and how many there are of them."""
        return np.array([*self.cache, row], dtype=np.float32)


def sequence() -> tuple[CachedSequence, Counting]:
    counting = Counting()
    return CachedSequence(cast("LlamaContext", counting), 0), counting


def test_typing_evaluates_only_what_was_typed():
    kv, counting = sequence()
    assert kv.read([1, 2, 3], AbortFlag()) == 3
    assert kv.read([1, 2, 3, 4], AbortFlag()) == 1
    assert counting.evaluations == [3, 1]


def test_what_follows_is_not_computed_twice():
    kv, counting = sequence()
    kv.read([1, 2, 3], AbortFlag())
    before = kv.scores(3)
    assert kv.read([1, 2, 3], AbortFlag()) == 0
    assert kv.scores(3) is before
    assert counting.evaluations == [3]


def test_a_word_typed_on_costs_nothing():
    """Its start is healed, so the prompt stays the same and the answer's first token changes."""
    kv, counting = sequence()
    kv.read([1, 2, 3, 4], AbortFlag(), ahead=[5])
    assert kv.read([1, 2, 3, 4], AbortFlag(), ahead=[6]) == 0
    assert (kv.follows(4, 5), kv.follows(4, 6)) == (True, False)
    assert counting.evaluations == [5]


def test_what_was_written_before_is_not_evaluated_again():
    kv, counting = sequence()
    kv.read([1, 2], AbortFlag())
    for token in (3, 4):
        counting.cache.append(token)
        kv.appended([token], -1)
    assert kv.read([1, 2, 3], AbortFlag()) == 0
    assert kv.follows(3, 4)
    kv.cut(3)
    assert not kv.follows(3, 4)
    assert counting.cache == [1, 2, 3]


def test_what_comes_ahead_is_read_only_in_a_large_batch():
    kv, counting = sequence()
    kv.read([1] * WORTH_READING_AHEAD, AbortFlag(), ahead=[2, 3])
    assert kv.read([1] * WORTH_READING_AHEAD + [4], AbortFlag(), ahead=[2, 3]) == 1
    assert counting.evaluations == [WORTH_READING_AHEAD + 2, 1]


def test_an_abort_keeps_what_was_finished():
    kv, counting = sequence()
    counting.give_up_after = 2
    with pytest.raises(Aborted):
        kv.read([1, 2, 3, 4], AbortFlag())
    counting.give_up_after = 100
    assert kv.read([1, 2, 3, 4], AbortFlag()) == 2


def test_scores_take_bounded_memory_and_those_of_the_prompt_stay():
    kv, counting = sequence()
    kv.read([1, 2, 3], AbortFlag())
    before = kv.scores(3)
    for token in range(5 * REMEMBERED):
        counting.cache.append(token)
        kv.appended([token], -1)
    assert kv.scores(3) is before
    assert len(kv._scores) <= REMEMBERED


Ahead = st.lists(st.integers(0, 3), max_size=3)


@given(
    st.lists(
        st.tuples(st.lists(st.integers(0, 3), min_size=1, max_size=12), Ahead, Ahead),
        min_size=1,
        max_size=8,
    )
)
def test_the_cache_begins_with_the_last_prompt_and_knows_what_follows(
    requests: list[tuple[list[int], list[int], list[int]]],
):
    kv, counting = sequence()
    for prompt, ahead, written in requests:
        kv.read(prompt, AbortFlag(), ahead)
        assert counting.cache == list(kv.tokens)
        assert counting.cache[: len(prompt)] == prompt
        at = len(prompt)
        for token in written:
            if not kv.follows(at, token):
                kv.cut(at)
                counting.cache.append(token)
                kv.appended([token], -1)
            at += 1
        answer = prompt + written
        assert counting.cache[: len(answer)] == answer
        for end in range(len(prompt), len(answer) + 1):
            assert kv.scores(end)[:end].tolist() == answer[:end]


@given(st.lists(st.integers(0, 2)), st.lists(st.integers(0, 2)))
def test_common_prefix(a: list[int], b: list[int]):
    n = common_prefix(a, b)
    assert a[:n] == b[:n]
    assert n == min(len(a), len(b)) or a[n] != b[n]


class Remembering(Counting):
    """A runtime whose state can be saved and restored."""

    def save(self, sequence: int) -> bytes:
        return bytes(self.cache)

    def restore(self, sequence: int, state: bytes) -> bool:
        self.cache = list(state)
        return True


def visits(places: PromptCache, prompts: list[list[int]]) -> list[int]:
    """Go from prompt to prompt; return how many tokens each had in the cache."""
    counting = Remembering()
    kv = CachedSequence(cast("LlamaContext", counting), 0)
    held = []
    for prompt in prompts:
        places.move(kv, prompt)
        held.append(len(prompt) - kv.read(prompt, AbortFlag()))
        assert counting.cache[: len(prompt)] == prompt
    return held


HERE, THERE, ELSEWHERE = [1] * 100, [2] * 100, [3] * 100


def test_going_back_reads_nothing_again():
    assert visits(PromptCache(10_000), [HERE, THERE, HERE, [*THERE, 5], HERE]) == [
        0,
        0,
        99,
        100,
        99,
    ]


def test_places_are_given_up_in_their_order():
    walk = [HERE, THERE, ELSEWHERE, [4] * 100, ELSEWHERE, HERE]
    assert visits(PromptCache(250), walk) == [0, 0, 0, 0, 99, 0]


def test_the_last_place_is_kept_whatever_its_size():
    assert visits(PromptCache(0), [HERE, THERE, HERE]) == [0, 0, 99]


def test_typing_and_undoing_moves_nothing():
    typed = [[*HERE, *[7] * n] for n in (0, 10, 60, 30, 0)]
    assert visits(PromptCache(0), typed) == [0, 100, 110, 129, 99]


@given(st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=300), max_size=8))
def test_wherever_one_goes_the_cache_holds_the_prompt(prompts: list[list[int]]):
    visits(PromptCache(500), prompts)
