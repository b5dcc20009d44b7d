"""Choosing the next token: greedy, so that the same buffer gives the same answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from slm_lsp.engine.vocabulary import TokenIds

Logits = npt.NDArray[np.float32]


def choose(logits: Logits, allowed: TokenIds | None = None) -> tuple[int, float]:
    """Return the likeliest token and the logarithm of its probability among those `allowed`.

    `allowed` None means the whole vocabulary; it may not be empty.
    """
    considered = logits if allowed is None else logits[allowed]
    best = int(considered.argmax())
    logprob = -float(np.log(np.exp(considered - considered[best]).sum()))
    return (best if allowed is None else int(allowed[best])), logprob
