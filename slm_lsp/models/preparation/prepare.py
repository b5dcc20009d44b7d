"""Rewriting a model's file: see the package.

Weights in a form that processors compute faster, for the same answers.

Q5_0 keeps 32 weights as numbers of five bits, -16 to 15, and one scale. Q8_0 keeps 32 numbers of
eight bits and one scale: the same numbers and the same scale fit in, so nothing is rounded. There
is a fast way for Q8_0 on all processors (AMX, AVX-512, AVX2, ARM), and none for Q5_0. Files whose
rows are too short for the K types have Q5_0 in most places, and Q4_K and Q6_K in the others. These
become Q8_0, too: what is rounded then is a sixteenth of a step of Q6_K, and less of Q4_K.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import numpy.typing as npt

from slm_lsp.models.preparation.vocabulary import Cut, cut

Q5_0, Q8_0 = gguf.GGMLQuantizationType.Q5_0, gguf.GGMLQuantizationType.Q8_0

SLOW = (Q5_0, gguf.GGMLQuantizationType.Q4_K, gguf.GGMLQuantizationType.Q6_K)
"""What becomes Q8_0 in a file that has Q5_0 in it."""

_SCALE, _HIGH, _LOW = 2, 4, 16
"""Bytes of a block of Q5_0: the scale (float16), the fifth bits, and the other four of each."""

Blocks = npt.NDArray[np.uint8]


def as_q8_0(data: npt.NDArray[Any], kind: gguf.GGMLQuantizationType) -> npt.NDArray[Any]:
    """Return rows of the type `kind`, as bytes, as rows of Q8_0. The same on every machine."""
    if kind == Q5_0:
        return widened(data)
    return gguf.quantize(gguf.dequantize(data, kind), Q8_0)


def widened(data: npt.NDArray[Any]) -> Blocks:
    """Return rows of Q5_0, as bytes, as rows of Q8_0 that stand for the same numbers."""
    rows = np.ascontiguousarray(data).view(np.uint8)
    blocks = rows.reshape(-1, _SCALE + _HIGH + _LOW)
    bits = blocks[:, _SCALE : _SCALE + _HIGH]
    high = np.unpackbits(bits, axis=1, bitorder="little")  # the fifth bit of each of 32
    low = blocks[:, _SCALE + _HIGH :]
    four = np.concatenate([low & 0x0F, low >> 4], axis=1)
    numbers = (four | (high << 4)).astype(np.int8) - np.int8(16)
    wide = np.concatenate([blocks[:, :_SCALE], numbers.view(np.uint8)], axis=1)
    return wide.reshape(*rows.shape[:-1], -1)


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
    path = shipped if shipped.exists() else here.parents[3] / "models" / shipped.name
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
