"""Which tokens the KV cache holds, so that only what really is new gets evaluated.

The cache holds the place where somebody types. Places visited before are parked in plain memory
and brought back when a prompt shares more with one of them: for the default model and a window of
1,200 tokens that copies 28 MB in 4 ms, where reading them again takes seconds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.inference.llama.context import LlamaContext, State
    from slm_lsp.inference.llama.sampling import Logits
    from slm_lsp.inference.model import AbortFlag

REMEMBERED = 32
"""Places whose scores are kept: four bytes for each token of the vocabulary, 6 MB in all for the
default model."""

BEHIND = 8
"""Tokens before the end of a prompt where scores are kept: as far as deleting a word goes."""

WORTH_READING_AHEAD = 4
"""New tokens from which on one more costs little: up to four, kernels take as long for each."""

WORTH_PARKING = 64
"""Tokens about to be lost that are parked, if they are the larger part; with fewer, reading them
again is as cheap."""

WORTH_RECALLING = 32
"""Tokens a parked place must save before it takes the place of the one in the cache."""


class CachedSequence:
    """The tokens of sequence `number` evaluated so far, in their order.

    Around the end of the last prompt it also knows what the model thinks may follow. While a word
    is typed, what stands before it stays the same, so its next token is chosen at no cost.
    """

    def __init__(self, context: LlamaContext, number: int = 0) -> None:
        self.context = context
        self.number = number
        self._tokens: list[int] = []
        self._scores: dict[int, Logits] = {}  # by how many tokens stand before what they score

    @property
    def tokens(self) -> Sequence[int]:
        """What the cache holds."""
        return self._tokens

    def held(self, tokens: Sequence[int]) -> int:
        """Return how many of `tokens` would not have to be evaluated to know what follows them."""
        shared = common_prefix(self._tokens, tokens)
        return shared if shared in self._scores else min(shared, len(tokens) - 1)

    def read(self, tokens: Sequence[int], abort: AbortFlag, ahead: Sequence[int] = ()) -> int:
        """Make the cache begin with `tokens`, know what follows, and return how many were new.

        What else it holds behind them is left there: it may be what is written next. So may
        `ahead`, which is read in the same batch where that costs little, and counted then.
        Raises Aborted; batches finished until then stay in the cache.
        """
        held, end = self.held(tokens), len(tokens)
        for at in [at for at in self._scores if at < end - BEHIND]:
            del self._scores[at]
        if held == end:
            return 0
        if end - held < WORTH_READING_AHEAD:
            ahead = ()
        self.cut(held)
        new = [*tokens[held:], *ahead]
        outputs = 1 + len(ahead)
        try:
            self.context.evaluate(
                new, position=held, sequence=self.number, abort=abort, outputs=outputs
            )
        finally:
            self._tokens += new[: self.context.evaluated_tokens(self.number) - held]
        for row in range(outputs):
            self._remember(end + row, row - outputs)
        return len(new)

    def scores(self, at: int) -> Logits:
        """Return what may follow the first `at` tokens: the prompt, and what was written."""
        return self._scores[at]

    def follows(self, at: int, token: int) -> bool:
        """Tell whether `token` behind the first `at` would not have to be evaluated."""
        return self._tokens[at : at + 1] == [token] and at + 1 in self._scores

    def appended(self, tokens: Sequence[int], row: int) -> None:
        """Take note of `tokens` evaluated behind the others; their scores begin at `row`."""
        while self._scores and len(self._scores) + len(tokens) > REMEMBERED:
            self._scores.popitem()  # of an earlier batch: all of this one may be needed next
        for offset, token in enumerate(tokens):
            self._tokens.append(token)
            self._remember(len(self._tokens), row + offset)

    def follow(self, other: CachedSequence) -> None:
        """Hold and know what `other` does, without a second copy in memory."""
        self.cut(common_prefix(self._tokens, other._tokens))
        self.context.branch(other.number, self.number)
        self._tokens = list(other._tokens)
        self._scores |= other._scores

    def cut(self, end: int) -> None:
        """Drop what stands behind the first `end` tokens."""
        if end < len(self._tokens):
            del self._tokens[end:]
            self._scores = {at: scores for at, scores in self._scores.items() if at <= end}
            self.context.forget_from(end, self.number)

    def save(self) -> State:
        """Return a copy of the cache's memory of this sequence."""
        return self.context.save(self.number)

    def restore(self, tokens: Sequence[int], state: State) -> None:
        """Put back what `save` returned when the sequence held `tokens`."""
        self._tokens = list(tokens) if self.context.restore(self.number, state) else []
        self._scores.clear()

    def _remember(self, at: int, row: int) -> None:
        if len(self._scores) >= REMEMBERED:
            self._scores.popitem()  # the newest: typing goes on near the oldest
        self._scores[at] = self.context.logits(row).copy()


@dataclass(frozen=True, slots=True)
class _Place:
    tokens: list[int]
    state: State


class PromptCache:
    """Sequences of places visited before, the least recently left given up first."""

    def __init__(self, capacity_bytes: int) -> None:
        """Keep at most `capacity_bytes`, but always the place left last, whatever its size."""
        self._capacity = capacity_bytes
        self._places: deque[_Place] = deque()

    def move(self, sequence: CachedSequence, tokens: Sequence[int]) -> None:
        """Prepare `sequence` for `tokens`: park what it would lose, bring back what it can use."""
        held = common_prefix(sequence.tokens, tokens)
        shared = [common_prefix(place.tokens, list(tokens)) for place in self._places]
        nearest = max(range(len(shared)), key=shared.__getitem__, default=None)
        recalled = None
        if nearest is not None and shared[nearest] >= held + WORTH_RECALLING:
            recalled = self._places[nearest]
            del self._places[nearest]
        lost = len(sequence.tokens) - held
        if lost >= WORTH_PARKING and lost > held:
            self._park(sequence)
        if recalled is not None:
            sequence.restore(recalled.tokens, recalled.state)

    def _park(self, sequence: CachedSequence) -> None:
        place = _Place(list(sequence.tokens), sequence.save())
        self._places = deque(other for other in self._places if not _same_place(other, place))
        self._places.append(place)
        while len(self._places) > 1 and self._size() > self._capacity:
            self._places.popleft()

    def _size(self) -> int:
        return sum(len(place.state) for place in self._places)


def _same_place(old: _Place, new: _Place) -> bool:
    return 2 * common_prefix(old.tokens, new.tokens) > len(old.tokens)


def common_prefix(a: Sequence[object], b: Sequence[object]) -> int:
    """Return how many leading elements two sequences of the same type share."""
    low, high = 0, min(len(a), len(b))
    while low < high:  # by halves: slices compare a hundred times faster than a loop
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
