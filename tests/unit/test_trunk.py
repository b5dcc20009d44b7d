"""A prompt's sequence and its fork: nothing is read twice, nothing unread is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.inference.llama.context import BRANCHES
from slm_lsp.inference.llama.speculative import NEAR, SpeculativeSequence
from slm_lsp.inference.model import Aborted, AbortFlag

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from slm_lsp.inference.llama.context import LlamaContext, State

Act = tuple[str, list[int], list[int]]


class Sequences:
    """A runtime that only takes tokens which go on where a sequence ends, and little memory."""

    def __init__(self, room: int = 1000) -> None:
        self.caches: list[list[int]] = [[] for _ in range(BRANCHES + 1)]
        self.room = room
        self.evaluated = 0
        self._last: list[int] = []
        self.aborting = False

    def forget_from(self, position: int, sequence: int) -> None:
        del self.caches[sequence][position:]

    def branch(self, source: int, target: int) -> None:
        self.caches[target] = list(self.caches[source])

    def evaluate(
        self,
        tokens: Sequence[int],
        *,
        position: int,
        sequence: int,
        abort: AbortFlag,
        outputs: int = 1,
    ) -> None:
        del abort, outputs
        cache = self.caches[sequence]
        assert position == len(cache)
        if self.aborting:
            raise Aborted
        cache += tokens
        assert self.used() <= self.room
        self.evaluated += len(tokens)
        self._last = cache

    def used(self) -> int:
        """Count what is stored: what sequences have in common only once."""
        return len({(at, *cache[: at + 1]) for cache in self.caches for at in range(len(cache))})

    def evaluated_tokens(self, sequence: int) -> int:
        return len(self.caches[sequence])

    def logits(self, row: int) -> npt.NDArray[np.float32]:
        end = len(self._last) + 1 + row
        return np.array(self._last[:end], dtype=np.float32)

    def restore(self, sequence: int, state: bytes) -> bool:
        self.caches[sequence] = list(state)
        return True


def trunk() -> tuple[SpeculativeSequence, Sequences]:
    sequences = Sequences()
    return SpeculativeSequence(cast("LlamaContext", sequences)), sequences


def wrote(kv: SpeculativeSequence, sequences: Sequences, token: int) -> None:
    """Append `token` to the answer, as decoding does."""
    end = len(kv.tokens)
    sequences.evaluate([token], position=end, sequence=0, abort=AbortFlag())
    kv.appended([token], -1)


def scored(kv: SpeculativeSequence, at: int) -> list[int]:
    """Return the tokens that the scores at `at` were computed from."""
    return [int(number) for number in kv.scores(at)]


def test_a_word_that_ends_was_read_before():
    kv, sequences = trunk()
    kv.read([1, 2], AbortFlag())
    wrote(kv, sequences, 7)
    kv.anticipate([1, 2, 3], AbortFlag())
    assert kv.tokens == [1, 2, 7]  # the answer is still there, should it be accepted
    before = sequences.evaluated
    assert kv.held([1, 2, 3]) == 3
    assert kv.read([1, 2, 3], AbortFlag()) == 0
    assert sequences.evaluated == before
    assert kv.tokens == [1, 2, 3]
    assert scored(kv, 3) == [1, 2, 3]


def test_what_the_answer_begins_with_is_not_read_twice():
    kv, sequences = trunk()
    kv.read([1, 2], AbortFlag())
    wrote(kv, sequences, 3)
    kv.anticipate([1, 2, 3], AbortFlag())
    assert sequences.evaluated == 3


def test_what_is_elsewhere_is_not_anticipated():
    kv, sequences = trunk()
    kv.read([1, 2], AbortFlag())
    kv.anticipate([9] * (NEAR + 1), AbortFlag())
    assert sequences.evaluated == 2


def test_what_was_anticipated_outlives_what_is_prepared_behind_the_answer():
    kv, sequences = trunk()
    kv.read([1, 2], AbortFlag())
    kv.anticipate([1, 2, 3], AbortFlag())
    kv.read([1, 2, 7, 8, 9], AbortFlag())
    before = sequences.evaluated
    assert kv.read([1, 2, 3], AbortFlag()) == 0
    assert sequences.evaluated == before


def test_a_fork_takes_no_memory_when_its_prompt_is_gone():
    kv, sequences = trunk()
    kv.read(list(range(600)), AbortFlag())
    kv.anticipate([*range(600), 1], AbortFlag())
    kv.read([5] * 600, AbortFlag())
    kv.anticipate([*[5] * 600, 1], AbortFlag())
    kv.restore([7] * 600, cast("State", bytes([7] * 600)))
    assert sequences.used() == 600


def test_what_is_interrupted_can_be_gone_on_from():
    kv, sequences = trunk()
    kv.read([1, 2], AbortFlag())
    sequences.aborting = True
    try:
        kv.anticipate([1, 2, 3], AbortFlag())
    except Aborted:
        sequences.aborting = False
    assert kv.read([1, 2, 3], AbortFlag()) == 1
    assert scored(kv, 3) == [1, 2, 3]


TOKENS = st.lists(st.integers(0, 1), min_size=1, max_size=14)
ACTS = st.lists(st.tuples(st.sampled_from(["read", "write", "anticipate"]), TOKENS, TOKENS))


@given(ACTS)
def test_whatever_happens_scores_are_those_of_the_prompt(acts: list[Act]):
    kv, sequences = trunk()
    for act, prompt, more in acts:
        if act == "anticipate":
            kv.anticipate([*kv.tokens[: len(prompt)], *more], AbortFlag())
            continue
        held = kv.held(prompt)
        assert kv.read(prompt, AbortFlag()) == len(prompt) - held
        assert scored(kv, len(prompt)) == prompt
        assert list(kv.tokens) == sequences.caches[0]
        for token in more if act == "write" else ():
            kv.cut(len(kv.tokens))
            wrote(kv, sequences, token)
    assert sequences.used() <= len(kv.tokens) + NEAR
