"""A prompt's sequence, with a fork of it for the key that ends the word at the cursor.

What the cursor stands in is taken back from a prompt (see `healing`), and the answer says how it
may go on. If it goes on otherwise, or is complete as it is, it has to be read before the next
answer can begin. So it is read while nobody waits, beside what the answer left in the cache. That
is one token as a rule, and a third of what the answer to such a key takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.inference.llama.context import FORK
from slm_lsp.inference.llama.kv import CachedSequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.inference.llama.context import LlamaContext, State
    from slm_lsp.inference.model import AbortFlag

NEAR = 8
"""Tokens that a fork has of its own at the most: no more are ever taken back from a prompt."""


class SpeculativeSequence(CachedSequence):
    """The first sequence of a context, and its fork."""

    def __init__(self, context: LlamaContext) -> None:
        super().__init__(context)
        self._fork = CachedSequence(context, FORK)

    def held(self, tokens: Sequence[int]) -> int:
        """Return how many of `tokens` would not have to be evaluated, here or in the fork."""
        return max(super().held(tokens), self._fork.held(tokens))

    def read(self, tokens: Sequence[int], abort: AbortFlag, ahead: Sequence[int] = ()) -> int:
        """Do as any sequence, but go on from the fork where that holds more."""
        if self._fork.held(tokens) > super().held(tokens):
            self.follow(self._fork)
        return super().read(tokens, abort, ahead)

    def anticipate(self, tokens: Sequence[int], abort: AbortFlag) -> None:
        """Read `tokens` in the fork, unless they are far from what is here. Raises Aborted."""
        if 0 < len(tokens) - super().held(tokens) <= NEAR:
            self._fork.follow(self)
            self._fork.read(tokens, abort)

    def cut(self, end: int) -> None:
        """Drop what stands behind the first `end` tokens, and a fork that began far before."""
        super().cut(end)
        if len(self._fork.tokens) - end > NEAR:
            self._fork.cut(0)

    def restore(self, tokens: Sequence[int], state: State) -> None:
        """Put back what `save` returned when the sequence held `tokens`; the fork is lost."""
        self._fork.cut(0)
        super().restore(tokens, state)
