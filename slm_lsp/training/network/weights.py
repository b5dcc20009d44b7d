"""A model's weights out of a GGUF, whatever its quantisation.

A model on what this machine computes with: the GPU where there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gguf
import numpy as np
import torch

from slm_lsp.errors import TuneRefused
from slm_lsp.training.gguf_metadata import value
from slm_lsp.training.network import lora
from slm_lsp.training.network.llama import Block, Llama, Shape

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

ARCHITECTURES = ("llama", "qwen2")
"""Those that `Llama` computes."""

ROPE_FACTORS = "rope_freqs.weight"
"""Not trained: Llama 3's tensor that slows down some of the turning."""


def read(path: Path, kind: torch.dtype = torch.float32) -> Llama:
    """Return the model in the file at `path`, its weights as `kind`. Raises TuneRefused."""
    try:
        reader = gguf.GGUFReader(str(path))
    except (ValueError, IndexError, KeyError) as error:
        raise TuneRefused(f"{path} is no model file that can be read ({error}).") from None
    architecture = value(reader, "general.architecture")
    if architecture not in ARCHITECTURES:
        raise TuneRefused(
            f"{path.name} is of the architecture '{architecture}'; only "
            f"{' and '.join(ARCHITECTURES)} can be tuned. Choose another base with --base."
        )
    _check_rope(reader, path.name, architecture)
    tensors = {it.name: it for it in reader.tensors}
    shape = _shape(reader, architecture, tensors)
    factors = tensors.pop(ROPE_FACTORS, None)
    with torch.device("meta"):  # no memory for weights that are about to be replaced
        model = Llama(shape, None if factors is None else _tensor(factors, torch.float32))
    state = {name: _tensor(it, kind) for name, it in tensors.items()}
    if shape.tied:
        state["output.weight"] = state["token_embd.weight"]
    try:
        model.load_state_dict(state, assign=True)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise TuneRefused(
            f"{path.name} has other weights than a {architecture}: {reason}"
        ) from None
    if shape.tied:
        model.output.weight = model.token_embd.weight
    return model


def _shape(reader: gguf.GGUFReader, architecture: str, tensors: dict[str, Any]) -> Shape:
    def size(key: str, default: Any = None) -> Any:
        return value(reader, f"{architecture}.{key}", default)

    width, heads = size("embedding_length"), size("attention.head_count")
    return Shape(
        layers=size("block_count"),
        width=width,
        hidden=size("feed_forward_length"),
        heads=heads,
        kv_heads=size("attention.head_count_kv", heads),
        head=size("attention.key_length", width // heads),
        vocabulary=int(tensors["token_embd.weight"].shape[1]),
        epsilon=size("attention.layer_norm_rms_epsilon"),
        rope_base=size("rope.freq_base", 10_000.0),
        tied="output.weight" not in tensors,
        halves=architecture == "qwen2",
        biased=architecture == "qwen2",
    )


def _check_rope(reader: gguf.GGUFReader, name: str, architecture: str) -> None:
    kind = value(reader, f"{architecture}.rope.scaling.type", "none")
    if kind != "none":
        raise TuneRefused(f"{name} stretches its positions ({kind}), which cannot be tuned.")


def _tensor(found: gguf.ReaderTensor, kind: torch.dtype) -> torch.Tensor:
    whole = gguf.dequantize(found.data, found.tensor_type)
    return torch.from_numpy(np.array(whole, dtype=np.float32)).to(kind)


def prepared(base: Path, rank: int, new: Collection[int] = ()) -> Llama:
    """Return the model at `base`, ready for training; with a `rank` of 0 all of it is trained.

    `new` has the tokens that an adapter is to learn, too. Raises TuneRefused.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    kind = torch.bfloat16 if rank and has_bfloat16(device) else torch.float32
    model = read(base, kind)
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
