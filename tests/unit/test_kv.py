"""Which tokens are evaluated again, on a runtime that only counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.engine.kv import CachedSequence, common_prefix
from slm_lsp.engine.model import Aborted, AbortFlag

if TYPE_CHECKING:
    from slm_lsp.engine.llama import Llama


class Counting:
    """Stands in for `Llama`: keeps the tokens it was given, can give up after some of them."""

    def __init__(self) -> None:
        self.cache: list[int] = []
        self.evaluations: list[int] = []
        self.give_up_after = 10**9

    def forget_from(self, position: int, sequence: int) -> None:
        del self.cache[position:]

    def evaluate(
        self, tokens: list[int], *, position: int, sequence: int, abort: AbortFlag
    ) -> None:
        assert position == len(self.cache)
        self.cache += tokens[: self.give_up_after]
        self.evaluations.append(len(tokens[: self.give_up_after]))
        if self.give_up_after < len(tokens):
            raise Aborted

    def evaluated_tokens(self, sequence: int) -> int:
        return len(self.cache)


def sequence() -> tuple[CachedSequence, Counting]:
    counting = Counting()
    return CachedSequence(cast("Llama", counting), 0), counting


def test_typing_evaluates_only_what_was_typed():
    kv, counting = sequence()
    kv.extend_to([1, 2, 3], AbortFlag())
    assert kv.extend_to([1, 2, 3, 4], AbortFlag()) == 3
    assert counting.evaluations == [3, 1]


def test_the_last_token_is_evaluated_again_for_its_logits():
    kv, counting = sequence()
    kv.extend_to([1, 2, 3], AbortFlag())
    assert kv.extend_to([1, 2, 3], AbortFlag()) == 2
    assert counting.evaluations == [3, 1]


def test_an_abort_keeps_what_was_finished():
    kv, counting = sequence()
    counting.give_up_after = 2
    with pytest.raises(Aborted):
        kv.extend_to([1, 2, 3, 4], AbortFlag())
    counting.give_up_after = 100
    assert kv.extend_to([1, 2, 3, 4], AbortFlag()) == 2


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=12), min_size=1, max_size=8))
def test_the_cache_always_holds_the_last_prompt(prompts: list[list[int]]):
    kv, counting = sequence()
    for prompt in prompts:
        kv.extend_to(prompt, AbortFlag())
        assert counting.cache == prompt


@given(st.lists(st.integers(0, 2)), st.lists(st.integers(0, 2)))
def test_common_prefix(a: list[int], b: list[int]):
    n = common_prefix(a, b)
    assert a[:n] == b[:n]
    assert n == min(len(a), len(b)) or a[n] != b[n]
