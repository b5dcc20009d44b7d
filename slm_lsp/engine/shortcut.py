"""A long prompt that is all new, after a start or a jump, is answered from its end first.

Reading a thousand tokens takes seconds on a small machine; ghost text that comes so late is of no
use. What can be read in time is decided by how fast this machine was so far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.engine.kv import CachedSequence

READING_S = 0.5
"""Seconds that reading a prompt may take before the first token of the answer."""

LEAST_TOKENS = 96
"""About ten lines: with less there is nothing to go by, however slow the machine."""

SMOOTHING = 0.3
"""Weight of the newest measurement of the speed, so that a short stall does not count for long."""

MEASURABLE_TOKENS = 32
"""Fewer tokens say little about the speed of many."""


class Shortcut:
    """Chooses where to begin to read, and keeps to the choice while the cursor stays near."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._tokens_per_s = 0.0
        self._skipped: list[int] = []

    @property
    def affordable(self) -> int:
        """How many tokens can be read in time; few as long as nothing was measured."""
        return max(LEAST_TOKENS, int(self._tokens_per_s * READING_S))

    def observe(self, tokens: int, seconds: float) -> None:
        """Learn from `tokens` having been evaluated in `seconds`."""
        if tokens >= MEASURABLE_TOKENS:
            speed = tokens / seconds
            known = self._tokens_per_s or speed
            self._tokens_per_s = known + SMOOTHING * (speed - known)

    def end_of(self, tokens: list[int], fixed: int, cached: CachedSequence) -> list[int]:
        """Return `tokens` without what follows the first `fixed` of them, as far as need be.

        The cut stays where it was for as long as that is affordable, so that typing goes on where
        `cached` ends. A new one is at a line's end, if there is one near.
        """
        head = tokens[:fixed]
        skipped = len(self._skipped)
        if skipped and tokens[fixed : fixed + skipped] == self._skipped:
            kept = head + tokens[fixed + skipped :]
            if len(kept) - cached.held(kept) <= self.affordable:
                return kept
        start = max(fixed, len(tokens) - self.affordable)
        lines = (at for at in range(start, len(tokens)) if b"\n" in self._pieces[tokens[at]])
        cut = next(lines, start)
        if len(tokens) - cut < self.affordable // 2:
            cut = start
        self._skipped = tokens[fixed:cut]
        return head + tokens[cut:]
