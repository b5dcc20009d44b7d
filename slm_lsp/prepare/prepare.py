"""Rewriting a model's file: see the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import gguf
import numpy as np

from slm_lsp.prepare.vocabulary import Cut, cut
from slm_lsp.prepare.weights import Q5_0, Q8_0, SLOW, as_q8_0

if TYPE_CHECKING:
    import numpy.typing as npt

EMBEDDING = "token_embd.weight"
BY_TOKEN = (EMBEDDING, "output.weight")
"""Matrices with a row for each token."""

_WRITTEN = ("GGUF.version", "GGUF.tensor_count", "GGUF.kv_count", "general.architecture")
"""Keys that the writer itself writes."""


def prepare(source: Path, target: Path) -> None:
    """Write the model in `source` to `target`, prepared. Raises ModelUnusable."""
    reader = gguf.GGUFReader(str(source))
    values = {key: field.contents() for key, field in reader.fields.items()}
    smaller = cut(values, needed_tokens())
    writer = gguf.GGUFWriter(target, values["general.architecture"])
    _write_metadata(reader, writer, values | smaller.metadata(values))
    kinds = _kinds(reader)
    for tensor in reader.tensors:
        _write_info(writer, tensor, smaller, kinds[tensor.name])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in reader.tensors:
        data: npt.NDArray[Any] = tensor.data
        if tensor.name in BY_TOKEN:
            data = data[list(smaller.kept)]
        if kinds[tensor.name] != tensor.tensor_type:
            data = as_q8_0(data, tensor.tensor_type)
        writer.write_tensor_data(np.ascontiguousarray(data))
    writer.close()


def needed_tokens() -> frozenset[str]:
    """Return the tokens that code needs; `benchmarks.code_tokens` made the list."""
    here = Path(__file__)
    shipped = here.with_name("code-tokens.txt")
    path = shipped if shipped.exists() else here.parents[2] / "models" / shipped.name
    return frozenset(path.read_text("utf-8").splitlines())


def _kinds(reader: gguf.GGUFReader) -> dict[str, gguf.GGMLQuantizationType]:
    """Return the type of weights that each tensor gets, by its name.

    An embedding that is no output as well is never multiplied: its rows are looked up.
    """
    kinds = {tensor.name: tensor.tensor_type for tensor in reader.tensors}
    if Q5_0 not in kinds.values():
        return kinds
    looked_up = EMBEDDING if "output.weight" in kinds else ""
    return {
        name: Q8_0 if kind in SLOW and name != looked_up else kind for name, kind in kinds.items()
    }


def _write_metadata(
    reader: gguf.GGUFReader, writer: gguf.GGUFWriter, values: dict[str, Any]
) -> None:
    for key, field in reader.fields.items():
        if key in _WRITTEN:
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(key, values[key], kind, sub_type=inner)
        if key == gguf.Keys.General.ALIGNMENT:
            writer.data_alignment = values[key]


def _write_info(
    writer: gguf.GGUFWriter,
    tensor: gguf.ReaderTensor,
    smaller: Cut,
    kind: gguf.GGMLQuantizationType,
) -> None:
    shape = tensor.shape.tolist()[::-1]
    if tensor.name in BY_TOKEN:
        shape[0] = len(smaller.kept)
    values, size = gguf.GGML_QUANT_SIZES[kind]
    count = int(np.prod(shape, dtype=np.int64)) // values * size
    # The type of numbers is what the weights stand for; `raw_dtype` is what they are.
    writer.add_tensor_info(tensor.name, shape, np.dtype(np.float32), count, raw_dtype=kind)
