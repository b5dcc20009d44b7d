"""Which tokens the KV cache holds, so that only what really is new gets evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.engine.llama import Llama
    from slm_lsp.engine.model import AbortFlag


class CachedSequence:
    """The tokens of sequence `number` evaluated so far, in their order."""

    def __init__(self, llama: Llama, number: int) -> None:
        self._llama = llama
        self._number = number
        self._tokens: list[int] = []

    def held(self, tokens: Sequence[int]) -> int:
        """Return how many of `tokens`, at least one, would not have to be evaluated.

        The last token always is, because the next one is chosen from its logits.
        """
        return min(common_prefix(self._tokens, tokens), len(tokens) - 1)

    def extend_to(self, tokens: Sequence[int], abort: AbortFlag) -> int:
        """Make the cache hold exactly `tokens` and return how many it held before.

        Raises Aborted; batches finished until then stay in the cache.
        """
        shared = self.held(tokens)
        self._llama.forget_from(shared, self._number)
        del self._tokens[shared:]
        self._evaluate(tokens[shared:], abort)
        return shared

    def append(self, token: int, abort: AbortFlag) -> None:
        """Evaluate one more token. Raises Aborted."""
        self._evaluate([token], abort)

    def _evaluate(self, tokens: Sequence[int], abort: AbortFlag) -> None:
        try:
            self._llama.evaluate(
                tokens, position=len(self._tokens), sequence=self._number, abort=abort
            )
        finally:
            kept = self._llama.evaluated_tokens(self._number) - len(self._tokens)
            self._tokens += tokens[:kept]


def common_prefix(a: Sequence[object], b: Sequence[object]) -> int:
    """Return how many leading elements `a` and `b` share."""
    shared = min(len(a), len(b))
    if a[:shared] == b[:shared]:
        return shared
    return next(i for i in range(shared) if a[i] != b[i])
