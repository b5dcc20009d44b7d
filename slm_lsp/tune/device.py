"""A model on what this machine computes with: the GPU where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from slm_lsp.tune import lora, weights
from slm_lsp.tune.llama import Block, Llama

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


def prepared(base: Path, rank: int, new: Collection[int] = ()) -> Llama:
    """Return the model at `base`, ready for training; with a `rank` of 0 all of it is trained.

    `new` has the tokens that an adapter is to learn, too. Raises TuneRefused.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    kind = torch.bfloat16 if rank and has_bfloat16(device) else torch.float32
    model = weights.read(base, kind)
    if rank:
        lora.adapt(model, rank, new)
    model.to(device)
    if device == "cuda":
        torch.set_float32_matmul_precision("high")
        compiled(model)
    return model


def compiled(model: Llama) -> None:
    """Compile the blocks of `model`, one after the other: all of them are the same program."""
    for block in model.blk:
        assert isinstance(block, Block)
        block.compile()


def has_bfloat16(device: str) -> bool:
    """Tell whether `device` (a type, such as `cpu`) computes in bfloat16 as fast as it should."""
    if device == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported())  # noqa: SLF001 (there is no other name)
    return device == "cuda" and torch.cuda.is_bf16_supported()
