"""The bytes of every token, arranged so that those which continue a text are found at once."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

TokenIds = npt.NDArray[np.int64]


class Vocabulary:
    """Token bytes, sorted. `pieces[id]` is empty for control tokens, which are never text."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.pieces = tuple(pieces)
        self._order = np.array(
            sorted((i for i, piece in enumerate(pieces) if piece), key=pieces.__getitem__),
            dtype=np.int64,
        )
        self._sorted = [pieces[i] for i in self._order]

    def continuing(self, forced: bytes) -> TokenIds:
        """Return the ids of the tokens that can stand where the text must begin with `forced`.

        These are the tokens that begin with `forced`, a run of the sorted vocabulary, and the
        tokens that `forced` begins with, at most one exact piece for each of its lengths. The cost
        grows with the logarithm of the vocabulary and the length of `forced` (bytes).
        """
        start = bisect_left(self._sorted, forced)
        end = bisect_left(self._sorted, _after(forced)) if _after(forced) else len(self._sorted)
        longer = self._order[start:end]
        shorter = [i for n in range(1, len(forced)) for i in self._exactly(forced[:n])]
        return np.concatenate([np.array(shorter, dtype=np.int64), longer])

    def _exactly(self, piece: bytes) -> TokenIds:
        at = bisect_left(self._sorted, piece)
        end = at
        while end < len(self._sorted) and self._sorted[end] == piece:
            end += 1
        return self._order[at:end]


def _after(text: bytes) -> bytes:
    """Return the smallest byte string above every one that begins with `text`; empty: none is."""
    trimmed = text.rstrip(b"\xff")
    return trimmed[:-1] + bytes([trimmed[-1] + 1]) if trimmed else b""
