"""What llama.cpp itself expects to come next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.inference.llama.context import LlamaContext
from slm_lsp.inference.llama.library import Llama
from slm_lsp.inference.model import AbortFlag

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np


def scores_of_runtime(path: Path, tokens: Sequence[int], adapter: Path | None = None) -> np.ndarray:
    """Return the scores of all tokens after at most 128 `tokens`."""
    llama, abort = Llama(path, adapter), AbortFlag()
    context = LlamaContext(llama, threads=1, tokens=128, abort=abort)
    try:
        context.evaluate(tokens, position=0, sequence=0, abort=abort)
        return context.logits(-1).copy()
    finally:
        context.close()
        llama.close()
