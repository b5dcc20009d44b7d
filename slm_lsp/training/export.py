"""What was trained, as files that llama.cpp runs: a whole model, or an adapter for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gguf
import numpy as np

from slm_lsp.training import gguf_metadata
from slm_lsp.training.gguf_metadata import value
from slm_lsp.training.network import lora

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch

    from slm_lsp.training.gguf_metadata import Filling

TYPES = {"F16": gguf.GGMLQuantizationType.F16, "Q8_0": gguf.GGMLQuantizationType.Q8_0}
"""Types of weights; `engine.quantize` makes the others of these."""


def adapter(
    path: Path,
    tensors: Mapping[str, torch.Tensor],
    *,
    base: Path,
    name: str,
    teaches: Filling,
) -> None:
    """Write the adapter `tensors`, named as `lora.trained` names them, for the model at `base`.

    What it `teaches` to fill in with, a base that did not, is said by what is merged of the two.
    """
    writer = gguf.GGUFWriter(path, value(gguf.GGUFReader(str(base)), "general.architecture"))
    writer.add_type("adapter")
    writer.add_name(name)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, lora.ALPHA)
    gguf_metadata.write(writer, teaches)
    for key, tensor in tensors.items():
        called, numbers = lora.tensor_name(key), tensor.detach().cpu()
        if called == gguf_metadata.EMBEDDINGS_KEY:
            writer.add_array(called, numbers.flatten().tolist())
        else:
            writer.add_tensor(called, numbers.half().numpy())
    _write(writer)


def model(
    path: Path,
    tensors: Mapping[str, torch.Tensor],
    *,
    base: Path,
    kind: str,
    name: str,
    teaches: Filling,
) -> None:
    """Write a whole model, which has the metadata of the one at `base` and weights of `kind`.

    Of the tokens that it `teaches` to fill in with, `pre`, `suf` and `mid` are renamed.
    """
    reader = gguf.GGUFReader(str(base))
    writer = gguf.GGUFWriter(path, value(reader, "general.architecture"))
    gguf_metadata.copy_filling(reader, writer, teaches, ("general.file_type", "general.name"))
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType[f"MOSTLY_{kind}"])
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


def _write(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
