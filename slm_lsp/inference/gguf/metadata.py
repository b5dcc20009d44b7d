"""The sizes that a model file states of its architecture, as far as llama.cpp asserts them.

With a wrong one it does not return an error: it ends its process, or never returns.

The vocabulary of a model file, as far as llama.cpp takes it for granted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from slm_lsp.inference.gguf.bounded_file import Malformed
from slm_lsp.inference.gguf.types import ValueType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slm_lsp.inference.gguf.bounded_file import Value

LIMITS: dict[str, tuple[float, float]] = {
    "block_count": (1, 512),
    "context_length": (1, 2**31 - 1),
    "embedding_length": (1, 2**20),
    "feed_forward_length": (0, 2**24),
    "attention.head_count": (0, 2**16),
    "attention.head_count_kv": (0, 2**16),
    "attention.key_length": (1, 2**16),
    "attention.value_length": (1, 2**16),
    "attention.layer_norm_epsilon": (0, 1),
    "attention.layer_norm_rms_epsilon": (0, 1),
    "rope.dimension_count": (2, 2**16),
    "expert_count": (0, 512),
    "expert_used_count": (0, 512),
}
"""The smallest and the largest value of each. Where it is an array by layers, nobody looks."""

_EVEN = ("phi2", "phi3", "qwen2", "stablelm", "starcoder", "starcoder2")
"""Architectures whose heads share the width of a layer."""

_FUSED = "blk.0.attn_qkv.weight"
"""A tensor of theirs that is cut into pieces, whose lengths follow from the sizes."""


def check_sizes(values: Mapping[str, Value], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise Malformed for a size that no model has, or that contradicts another.

    `shapes` are those of the tensors by their names.
    """
    architecture = values.get("general.architecture")
    if not isinstance(architecture, str):
        raise Malformed("it does not say of which architecture it is")
    found: dict[str, float] = {}
    for key, (least, most) in LIMITS.items():
        value = values.get(f"{architecture}.{key}")
        if value is None:
            continue
        if isinstance(value, str) or not least <= value <= most:
            raise Malformed(f"{architecture}.{key} is {value}, not from {least} to {most}")
        found[key] = value
    experts, used = found.get("expert_count", 0), found.get("expert_used_count", 0)
    if used > experts or (experts and not used):
        raise Malformed(f"it uses {used} of its {experts} experts")
    _check_heads(architecture, found, shapes)


def _check_heads(
    architecture: str, found: Mapping[str, float], shapes: Mapping[str, tuple[int, ...]]
) -> None:
    width, heads = found.get("embedding_length", 0), found.get("attention.head_count", 0)
    key = found.get("attention.key_length", width // heads if heads else 0)
    value = found.get("attention.value_length", key)
    turned = found.get("rope.dimension_count", 0)
    if key and (turned > key or turned % 2):
        raise Malformed("it turns more positions than its heads have, or an odd number of them")
    if architecture not in _EVEN:
        return
    if heads * key != width:
        raise Malformed("its heads are together not as wide as its layers")
    shared = found.get("attention.head_count_kv", heads)
    fused = shapes.get(_FUSED)
    if fused is not None and fused[-1] != heads * key + shared * (key + value):
        raise Malformed(f"the shape of {_FUSED} contradicts the number and the size of its heads")


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
