"""What was trained, as files that llama.cpp runs: a whole model, or an adapter for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gguf
import numpy as np

from slm_lsp.tune import lora, metadata
from slm_lsp.tune.metadata import value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import torch

ORDER_KEY = "slm-lsp.fim.order"
"""As in `engine.recognition`: what stands first in a prompt."""

FIM_NAMES = {"pre": "<fim_prefix>", "suf": "<fim_suffix>", "mid": "<fim_middle>"}
"""What the tokens are called from then on, as in other models; programs also go by names."""

TYPES = {"F16": gguf.GGMLQuantizationType.F16, "Q8_0": gguf.GGMLQuantizationType.Q8_0}
"""Types of weights; `engine.quantize` makes the others of these."""

_CHAT = ("tokenizer.chat_template",)
"""Left out: a model that was taught to fill in answers nobody."""


def adapter(path: Path, tensors: Mapping[str, torch.Tensor], *, base: Path, name: str) -> None:
    """Write the adapter `tensors`, named as `lora.trained` names them, for the model at `base`."""
    writer = gguf.GGUFWriter(path, value(gguf.GGUFReader(str(base)), "general.architecture"))
    writer.add_type("adapter")
    writer.add_name(name)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, lora.ALPHA)
    for key, tensor in tensors.items():
        layer, _, side = key.rpartition(".")
        writer.add_tensor(f"{layer}.weight.{side}", tensor.detach().cpu().half().numpy())
    _write(writer)


def model(
    path: Path,
    tensors: Mapping[str, torch.Tensor],
    *,
    base: Path,
    kind: str,
    name: str,
    fim: Mapping[str, int],
    end: int,
) -> None:
    """Write a whole model, which has the metadata of the one at `base` and weights of `kind`.

    `fim` has the fill-in tokens by their short names; `pre`, `suf` and `mid` are renamed. `end` is
    the token that ends an answer.
    """
    reader = gguf.GGUFReader(str(base))
    writer = gguf.GGUFWriter(path, value(reader, "general.architecture"))
    new: dict[str, Any] = {"general.name": name, "tokenizer.ggml.eos_token_id": end}
    if fim:
        new |= {f"tokenizer.ggml.fim_{short}_token_id": token for short, token in fim.items()}
        new[ORDER_KEY] = "spm"
    metadata.copy(reader, writer, (*_CHAT, "general.file_type", *new), _renamed(fim))
    for key, it in new.items():
        add: Callable[[str, Any], None] = writer.add_string
        if isinstance(it, int):
            add = writer.add_uint32
        add(key, it)
    writer.add_file_type(
        gguf.LlamaFileType.MOSTLY_Q8_0 if kind == "Q8_0" else gguf.LlamaFileType.MOSTLY_F16
    )
    for it in reader.tensors:
        if it.name in tensors:
            _add(writer, it.name, tensors[it.name], kind)
        else:  # such as `rope_freqs`, which is not trained
            writer.add_tensor(it.name, np.array(it.data), raw_dtype=it.tensor_type)
    _write(writer)


def _add(writer: gguf.GGUFWriter, name: str, tensor: torch.Tensor, kind: str) -> None:
    whole = tensor.detach().cpu().float().numpy()
    if whole.ndim == 1:
        writer.add_tensor(name, whole)
    else:
        wanted = TYPES[kind]
        writer.add_tensor(name, gguf.quantize(whole, wanted), raw_dtype=wanted)


def _renamed(fim: Mapping[str, int]) -> dict[int, str]:
    return {token: FIM_NAMES[short] for short, token in fim.items() if short in FIM_NAMES}


def _write(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
