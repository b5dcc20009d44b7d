"""What a GGUF says of its model: read, and copied into another.

How a model fills in, as its file says it: also an adapter's, for the base that learned it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gguf

from slm_lsp.inference.prompts.recognition import END_WEIGHT_KEY, ORDER_KEY

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_OWN = ("GGUF.version", "GGUF.tensor_count", "GGUF.kv_count", "general.architecture")
"""Written by the writer itself."""


def value(reader: gguf.GGUFReader, key: str, default: Any = None) -> Any:
    """Return a value out of the file's metadata."""
    field = reader.get_field(key)
    return default if field is None else field.contents()


def copy(
    reader: gguf.GGUFReader,
    writer: gguf.GGUFWriter,
    without: Collection[str] = (),
    renamed: Mapping[int, str] | None = None,
) -> None:
    """Copy all but the keys `without`; tokens are `renamed` by their numbers."""
    for key, field in reader.fields.items():
        if key in _OWN or key in without:
            continue
        found = field.contents()
        if key == "tokenizer.ggml.tokens" and renamed:
            found = [renamed.get(token, text) for token, text in enumerate(found)]
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(key, found, kind, sub_type=inner)
        if key == gguf.Keys.General.ALIGNMENT:
            writer.data_alignment = found


EMBEDDINGS_KEY = "slm-lsp.fim.embeddings"
"""What an adapter's file has: the new tokens' embeddings, one after the other in the order of their
numbers. llama.cpp takes no adapter for an embedding that is the output's weight as well."""

NAMES = {"pre": "<fim_prefix>", "suf": "<fim_suffix>", "mid": "<fim_middle>"}
"""What the tokens are called from then on, as in other models; programs also go by names."""

_END_KEY = "tokenizer.ggml.eos_token_id"
_TOKEN_KEYS = {
    it: f"tokenizer.ggml.fim_{it}_token_id" for it in ("pre", "suf", "mid", "rep", "sep")
}

Filling = dict[str, Any]
"""Metadata by its keys; empty for a model that learned nothing of the kind."""


def taught(new: Mapping[str, int], end: int, end_weight: float) -> Filling:
    """Return it for a base that learned the tokens `new`, by their short names.

    `end` is the one that ends an answer, and counted `end_weight` times.
    """
    if not new:
        return {}
    said = {_END_KEY: end, END_WEIGHT_KEY: end_weight, ORDER_KEY: "joined"}
    return said | {_TOKEN_KEYS[it]: token for it, token in new.items()}


def of(reader: gguf.GGUFReader) -> Filling:
    """Return what the file says."""
    keys = (_END_KEY, END_WEIGHT_KEY, ORDER_KEY, *_TOKEN_KEYS.values())
    found = {it: value(reader, it) for it in keys}
    return {it: said for it, said in found.items() if said is not None}


def tokens(filling: Filling) -> list[int]:
    """Return the tokens that are new, by their numbers."""
    return sorted(filling[key] for key in _TOKEN_KEYS.values() if key in filling)


def write(writer: gguf.GGUFWriter, filling: Filling) -> None:
    """Write it into a file."""
    for key, said in filling.items():
        if isinstance(said, int):
            writer.add_uint32(key, said)
        elif isinstance(said, float):
            writer.add_float32(key, said)
        else:
            writer.add_string(key, said)


def copy_filling(
    reader: gguf.GGUFReader,
    writer: gguf.GGUFWriter,
    filling: Filling,
    without: Collection[str] = (),
) -> None:
    """Copy a base's metadata but the keys `without`, with how it fills in where that says it."""
    without = (*filling, *without)
    renamed = {filling[_TOKEN_KEYS[it]]: NAMES[it] for it in NAMES if _TOKEN_KEYS[it] in filling}
    copy(reader, writer, without, renamed)
    write(writer, filling)
