"""How a model fills in, as its file says it: also an adapter's, for the base that learned it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slm_lsp.engine.recognition import ORDER_KEY
from slm_lsp.tune import metadata

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import gguf

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


def taught(fim: Mapping[str, int], end: int) -> Filling:
    """Return it for the tokens `fim`, by their short names, and the one that ends an answer."""
    if not fim:
        return {}
    return {_END_KEY: end, ORDER_KEY: "joined"} | {_TOKEN_KEYS[it]: fim[it] for it in fim}


def of(reader: gguf.GGUFReader) -> Filling:
    """Return what the file says."""
    found = {it: metadata.value(reader, it) for it in (_END_KEY, ORDER_KEY, *_TOKEN_KEYS.values())}
    return {it: said for it, said in found.items() if said is not None}


def tokens(filling: Filling) -> list[int]:
    """Return the tokens that are new, by their numbers."""
    return sorted(filling[key] for key in _TOKEN_KEYS.values() if key in filling)


def write(writer: gguf.GGUFWriter, filling: Filling) -> None:
    """Write it into a file."""
    for key, said in filling.items():
        if isinstance(said, int):
            writer.add_uint32(key, said)
        else:
            writer.add_string(key, said)


def copy(
    reader: gguf.GGUFReader,
    writer: gguf.GGUFWriter,
    filling: Filling,
    without: Collection[str] = (),
) -> None:
    """Copy a base's metadata but the keys `without`, with how it fills in where that says it."""
    without = (*filling, *without)
    renamed = {filling[_TOKEN_KEYS[it]]: NAMES[it] for it in NAMES if _TOKEN_KEYS[it] in filling}
    metadata.copy(reader, writer, without, renamed)
    write(writer, filling)
