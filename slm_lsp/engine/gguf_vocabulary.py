"""The vocabulary of a model file, as far as llama.cpp takes it for granted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from slm_lsp.engine.bounded_file import Malformed
from slm_lsp.engine.gguf_types import ValueType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slm_lsp.engine.bounded_file import Value

TOKENS = "tokenizer.ggml.tokens"


class Array(NamedTuple):
    """The type and the number of the elements, and the elements themselves of tokens."""

    kind: int
    length: int
    texts: tuple[bytes, ...] = ()


def check_vocabulary(values: Mapping[str, Value], arrays: Mapping[str, Array]) -> None:
    """Raise Malformed where llama.cpp would read beyond an array, or end its process."""
    tokens = arrays.get(TOKENS, Array(ValueType.TEXT, 0))
    for key, kinds, length in (
        (TOKENS, (ValueType.TEXT,), tokens.length),
        ("tokenizer.ggml.merges", (ValueType.TEXT,), None),
        ("tokenizer.ggml.scores", (ValueType.F32,), tokens.length),
        ("tokenizer.ggml.token_type", (ValueType.I32, ValueType.U32), tokens.length),
    ):
        found = arrays.get(key)
        if found is not None and (found.kind not in kinds or length not in (None, found.length)):
            raise Malformed(f"{key} has not one value of its type for each token")
    # llama.cpp reads a name up to its first zero, and gives those that are empty names of its own.
    names = [text.partition(b"\0")[0] for text in tokens.texts]
    known = frozenset(names)
    if len(known) - (b"" in known) != len(names) - names.count(b""):
        raise Malformed("it has two tokens of the same name")
    by_pieces = values.get("tokenizer.ggml.model") == "llama"
    if by_pieces and not all(_spelled(byte, known) for byte in range(256)):
        raise Malformed("its vocabulary lacks some of the bytes, so it cannot spell every text")


def _spelled(byte: int, tokens: frozenset[bytes]) -> bool:
    return b"<0x%02X>" % byte in tokens or bytes([byte]) in tokens
