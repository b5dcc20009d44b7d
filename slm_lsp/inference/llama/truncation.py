"""A long prompt that is all new, after a start or a jump, is answered from its end first.

Reading a thousand tokens takes seconds on a small machine; ghost text that comes so late is of no
use. What can be read in time is decided by how fast this machine was so far, see `pace`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.inference.llama.kv import CachedSequence
    from slm_lsp.inference.prompts.fim import Layout


class PromptTruncator:
    """Chooses where to begin to read, and keeps to the choice while the cursor stays near."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._skipped: tuple[int, ...] = ()

    def end_of(self, whole: Layout, affordable: int, cached: CachedSequence) -> Layout:
        """Return `whole` without so much of the start of its text as takes too long to read.

        At most `affordable` tokens are left to be read, and half of them are text whatever stands
        around it. The cut stays where it was for as long as that is enough, so that typing goes on
        where `cached` ends. A new one is at a line's end, if there is one near.
        """
        skipped = len(self._skipped)
        if skipped and whole.text[:skipped] == self._skipped:
            kept = whole.without(skipped)
            if len(kept.tokens) - cached.held(kept.tokens) <= affordable:
                return kept
        room = max(affordable - (len(whole.tokens) - len(whole.text)), affordable // 2)
        start = max(0, len(whole.text) - room)
        lines = (at for at in range(start, len(whole.text)) if self._breaks(whole.text[at]))
        cut = next(lines, start)
        if len(whole.text) - cut < room // 2:
            cut = start
        self._skipped = whole.text[:cut]
        return whole.without(cut)

    def _breaks(self, token: int) -> bool:
        return b"\n" in self._pieces[token]
