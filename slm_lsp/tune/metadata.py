"""What a GGUF says of its model: read, and copied into another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gguf

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
