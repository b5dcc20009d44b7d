"""LoRA adapters with random weights, for any model file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gguf
import numpy as np

from slm_lsp.errors import ModelUnusable

if TYPE_CHECKING:
    from pathlib import Path

RANK = 4


def refuse_to_merge(*_: object) -> None:
    """Stand in for `runtime.merge`, where base and adapter are to stay apart."""
    raise ModelUnusable("weights of the type Q4_K cannot be made here")


def write_adapter(path: Path, base: Path, scale: float = 1.0) -> None:
    """Write an adapter to the queries of all layers of the model at `base`."""
    model = gguf.GGUFReader(base)
    architecture = model.fields["general.architecture"].contents()
    chance = np.random.default_rng(0)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", RANK)
    for tensor in model.tensors:
        if tensor.name.endswith("attn_q.weight"):
            width, height = map(int, tensor.shape)
            for part, shape in (("lora_a", (RANK, width)), ("lora_b", (height, RANK))):
                weights = scale * chance.standard_normal(shape) / np.sqrt(shape[1])
                writer.add_tensor(f"{tensor.name}.{part}", weights.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
