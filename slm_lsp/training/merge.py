"""A base and its LoRA adapter in one file, which computes what the base alone does.

llama.cpp adds an adapter at every token; here it is added to the weights, which then get the type
that they had, or TYPE. All else is the base's, unless the adapter taught it tokens to fill in with.
The same two files give the same bytes on every machine. The store runs this file as a process of
its own:

    python -m slm_lsp.training.merge BASE ADAPTER TARGET [TYPE]

TYPE is a name such as Q8_0. It needs gguf and no PyTorch.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import numpy.typing as npt

from slm_lsp.errors import TuneRefused
from slm_lsp.platform import sandbox
from slm_lsp.training import gguf_metadata

Matrix = npt.NDArray[Any]

EMBEDDING = "token_embd.weight"

_ACTIVATED = "adapter.alora.invocation_tokens"
"""What names the tokens from which on an adapter is to be added, and not before."""


def merge(base: Path, adapter: Path, target: Path, wanted: str = "") -> None:
    """Write what `base` is with `adapter` to `target`. Raises TuneRefused where it cannot be.

    What the adapter changes has the type `wanted` then, if that is not empty.
    """
    reader = gguf.GGUFReader(str(base))
    beside = gguf.GGUFReader(str(adapter))
    added, taught = _added(beside), gguf_metadata.of(beside)
    kinds = {it.name: it.tensor_type for it in reader.tensors}
    file_type = None
    if wanted:
        kind, file_type = _types(wanted)
        kinds |= dict.fromkeys(kinds.keys() & added.keys(), kind)
    _check(kinds, added)
    writer = gguf.GGUFWriter(target, gguf_metadata.value(reader, "general.architecture"))
    _describe(reader, beside, writer, taught, file_type)
    for it in reader.tensors:
        values, size = gguf.GGML_QUANT_SIZES[kinds[it.name]]
        writer.add_tensor_info(
            it.name,
            it.shape.tolist()[::-1],
            np.dtype(np.float32),  # what it stands for; `raw_dtype` is what it is
            it.n_elements // values * size,
            raw_dtype=kinds[it.name],
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for it in reader.tensors:
        data = it.data
        if it.name in added:
            whole = gguf.dequantize(data, it.tensor_type) + _product(*added[it.name])
            data = gguf.quantize(whole, kinds[it.name])
        if it.name == EMBEDDING and taught:
            data = _extended(
                it, taught, gguf_metadata.value(beside, gguf_metadata.EMBEDDINGS_KEY, [])
            )
        writer.write_tensor_data(data)
    writer.close()


def _types(name: str) -> tuple[gguf.GGMLQuantizationType, gguf.LlamaFileType]:
    """Return the type of weights that has this `name`, and that of a file with mostly such."""
    try:
        return gguf.GGMLQuantizationType[name], gguf.LlamaFileType[f"MOSTLY_{name}"]
    except KeyError:
        raise TuneRefused(f"weights of the type {name} cannot be made here") from None


def _describe(
    base: gguf.GGUFReader,
    adapter: gguf.GGUFReader,
    writer: gguf.GGUFWriter,
    taught: gguf_metadata.Filling,
    file_type: gguf.LlamaFileType | None,
) -> None:
    """Write the base's metadata, as far as the adapter makes nothing else of it."""
    new = [] if file_type is None else ["general.file_type"]
    name = gguf_metadata.value(adapter, "general.name")
    if taught and name:  # it is a model of its own then
        new.append("general.name")
        writer.add_name(name)
    if file_type is not None:
        writer.add_file_type(file_type)
    gguf_metadata.copy_filling(base, writer, taught, new)


def _added(reader: gguf.GGUFReader) -> dict[str, tuple[Matrix, Matrix, float]]:
    """Return the two thin matrices, and the factor of their product, for each weight's name."""
    if gguf_metadata.value(reader, _ACTIVATED) is not None:
        raise TuneRefused("the adapter counts from a certain token on only")
    sides = {it.name: gguf.dequantize(it.data, it.tensor_type) for it in reader.tensors}
    alpha = gguf_metadata.value(reader, gguf.Keys.Adapter.LORA_ALPHA, 0.0)
    found = {}
    for name, first in sides.items():
        weight, _, side = name.rpartition(".")
        if side == "lora_a":
            second = sides[f"{weight}.lora_b"]
            found[weight] = first, second, alpha / len(first) if alpha else 1.0
    return found


def _extended(it: gguf.ReaderTensor, taught: gguf_metadata.Filling, numbers: list[float]) -> Matrix:
    """Return the embedding `it` with those of the tokens that were taught."""
    new = np.array(numbers, np.float32).reshape(len(gguf_metadata.tokens(taught)), -1)
    data = np.array(it.data)
    data[gguf_metadata.tokens(taught)] = gguf.quantize(new, it.tensor_type)
    return data


def _check(kinds: dict[str, Any], added: dict[str, tuple[Matrix, Matrix, float]]) -> None:
    for name, (first, second, _) in added.items():
        if name not in kinds or name == EMBEDDING or not first.ndim == second.ndim == 2:
            raise TuneRefused(f"the adapter changes {name}, which is not a weight of its own")
    for kind in sorted({kinds[name] for name in added}):
        try:
            gguf.quantize(np.zeros((1, 256), np.float32), kind)
        except NotImplementedError:
            raise TuneRefused(f"weights of the type {kind.name} cannot be made here") from None


def _product(first: Matrix, second: Matrix, scale: float) -> Matrix:
    """Multiply in float64, where sums of products of float16 are exact, in whatever order."""
    product = scale * (second.astype(np.float64) @ first.astype(np.float64))
    return product.astype(np.float32)


def main(arguments: list[str]) -> int:
    """Merge; a failure is one line on stderr and the exit code 1."""
    sandbox.give_up()
    base, adapter, target = map(Path, arguments[:3])
    try:
        merge(base, adapter, target, *arguments[3:])
    except TuneRefused as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
