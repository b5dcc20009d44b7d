"""Choosing the next token: greedy, so that the same buffer gives the same answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from slm_lsp.inference.llama.vocabulary import TokenIds

Logits = npt.NDArray[np.float32]

Choice = tuple[int, float]
"""A token and the logarithm of its probability."""


@dataclass(frozen=True, slots=True)
class Overweight:
    """A `token` that counted `weight` times as much as others in training."""

    token: int
    weight: float

    def taken_back(self, logits: Logits) -> Logits:
        """Return what the scores would be if it had not: its odds are so many times lower."""
        found = logits.copy()
        found[self.token] -= math.log(self.weight)
        return found


def choose(logits: Logits, allowed: TokenIds | None = None) -> Choice:
    """Return the likeliest token among those `allowed`.

    `allowed` None means the whole vocabulary; it may not be empty.
    """
    considered = logits if allowed is None else logits[allowed]
    best = int(considered.argmax())
    shifted = considered - considered[best]
    logprob = -float(np.log(np.exp(shifted, out=shifted).sum()))
    return (best if allowed is None else int(allowed[best])), logprob


def choose_some(logits: Logits, allowed: TokenIds | None, count: int) -> list[Choice]:
    """Return the `count` likeliest tokens (fewer if fewer are allowed), the likeliest first."""
    considered = logits if allowed is None else logits[allowed]
    count = min(count, considered.size)
    best = np.argpartition(considered, -count)[-count:]
    best = best[np.argsort(-considered[best], kind="stable")]
    top = float(considered[best[0]])
    total = float(np.log(np.exp(considered - top).sum())) + top
    ids = best if allowed is None else allowed[best]
    return [
        (int(token), float(considered[at]) - total) for token, at in zip(ids, best, strict=True)
    ]
