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

    from slm_lsp.engine.llama_context import LlamaContext, State
    from slm_lsp.engine.model import AbortFlag

WORTH_PARKING = 64
"""Tokens about to be lost that are parked, if they are the larger part; with fewer, reading them
again is as cheap."""

WORTH_RECALLING = 32
"""Tokens a parked place must save before it takes the place of the one in the cache."""


class CachedSequence:
    """The tokens of sequence `number` evaluated so far, in their order."""

    def __init__(self, context: LlamaContext, number: int = 0) -> None:
        self.context = context
        self.number = number
        self._tokens: list[int] = []

    @property
    def tokens(self) -> Sequence[int]:
        """What the cache holds."""
        return self._tokens

    def held(self, tokens: Sequence[int], outputs: int = 1) -> int:
        """Return how many of `tokens` would not have to be evaluated.

        The last `outputs` always are, because tokens are chosen from their logits.
        """
        return min(common_prefix(self._tokens, tokens), len(tokens) - outputs)

    def extend_to(self, tokens: Sequence[int], abort: AbortFlag, outputs: int = 1) -> int:
        """Make the cache hold exactly `tokens` and return how many it held before.

        Raises Aborted; batches finished until then stay in the cache.
        """
        shared = self.held(tokens, outputs)
        self.context.forget_from(shared, self.number)
        del self._tokens[shared:]
        try:
            self.context.evaluate(
                tokens[shared:],
                position=shared,
                sequence=self.number,
                abort=abort,
                outputs=outputs,
            )
        finally:
            kept = self.context.evaluated_tokens(self.number) - shared
            self._tokens += tokens[shared : shared + kept]
        return shared

    def follow(self, other: CachedSequence) -> None:
        """Hold what `other` holds, without a second copy in memory."""
        self.context.branch(other.number, self.number)
        self._tokens = list(other.tokens)

    def cut(self, tokens: int) -> None:
        """Drop the last `tokens`."""
        del self._tokens[len(self._tokens) - tokens :]
        self.context.forget_from(len(self._tokens), self.number)

    def appended(self, token: int) -> None:
        """Take note of a token that was evaluated behind the others."""
        self._tokens.append(token)

    def save(self) -> State:
        """Return a copy of the cache's memory of this sequence."""
        return self.context.save(self.number)

    def restore(self, tokens: Sequence[int], state: State) -> None:
        """Put back what `save` returned when the sequence held `tokens`."""
        self._tokens = list(tokens) if self.context.restore(self.number, state) else []


@dataclass(frozen=True, slots=True)
class _Place:
    tokens: list[int]
    state: State


class Places:
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
