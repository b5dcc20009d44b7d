"""The header of a model file, read within bounds before llama.cpp opens the file.

A GGUF may come from anywhere, and llama.cpp ends its process on much of what can be wrong with one.
So whatever it would take for granted is checked here first: numbers against the file's size,
lengths, types, and where the tensors lie. Memory and time are bounded by `MAX_HEADER`, whatever
the file says.

magic, version, number of tensors, number of values, values, tensors, padding, the tensors' data
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.gguf.bounded_file import (
    MAX_HEADER,
    U32,
    U64,
    BoundedFile,
    Malformed,
    Value,
)
from slm_lsp.inference.gguf.metadata import TOKENS, Array, check_sizes, check_vocabulary
from slm_lsp.inference.gguf.types import BLOCKS, SCALARS, ValueType

if TYPE_CHECKING:
    from pathlib import Path

MAX_VALUES = 10_000
MAX_TENSORS = 100_000
MAX_KEY = 65_535
"""Bytes, by the format's definition."""

MAX_NAME = 63
"""Bytes of a tensor's name, as llama.cpp stores it."""

MAX_DIMENSIONS = 4
MAX_ALIGNMENT = 2**20
DEFAULT_ALIGNMENT = 32
VERSIONS = (2, 3)

_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor: where its data begins behind the header, and how long it is (bytes).

    `kind` is its type, a key of `BLOCKS`.
    """

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself."""

    values: dict[str, Value]
    arrays: dict[str, Array]
    tensors: tuple[Tensor, ...]


def read(path: Path) -> Header:
    """Read and check the header of the file at `path`. Raises ModelUnusable."""
    try:
        return _header_of(path)
    except Malformed as error:
        raise ModelUnusable(
            f"{path.name} is not a sound model file: {error}. Fetch it again, or another one; it "
            "has to be a GGUF of version 2 or 3."
        ) from error
    except OSError as error:
        raise ModelUnusable(f"{path} cannot be read ({error.strerror}).") from error


def _header_of(path: Path) -> Header:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise Malformed("it is no regular file")
    with path.open("rb", buffering=0) as file:
        return _header(BoundedFile(file, found.st_size))


def _header(data: BoundedFile) -> Header:
    _check_magic(data)
    tensors = data.number(U64, "the number of tensors")
    values = data.number(U64, "the number of values")
    for count, most, what in ((tensors, MAX_TENSORS, "tensors"), (values, MAX_VALUES, "values")):
        if count > most:
            raise Malformed(f"it claims to have {count:,} {what}, more than {most:,}")
    known: dict[str, Value] = {}
    arrays: dict[str, Array] = {}
    for _ in range(values):
        _read_value(data, known, arrays)
    if known.get("split.count", 0) not in (0, 1):
        raise Malformed("it is one of several parts; `llama-gguf-split --merge` makes one of them")
    found = [_read_tensor(data) for _ in range(tensors)]
    alignment = _alignment(known, arrays)
    _check_places(found, alignment, data.size - _padded(data.at, alignment))
    check_vocabulary(known, arrays)
    check_sizes(known, {tensor.name: tensor.shape for tensor in found})
    return Header(known, arrays, tuple(found))


def _check_magic(data: BoundedFile) -> None:
    if data.size < 4 or data.number(U32, "") != int.from_bytes(b"GGUF", "little"):
        raise Malformed("it does not begin as a GGUF does")
    version = data.number(U32, "the version")
    if version not in VERSIONS:
        turned = int.from_bytes(version.to_bytes(4, "little"), "big") in VERSIONS
        reason = "it was made for processors of the other byte order" if turned else ""
        raise Malformed(reason or f"it has the version {version}, which is not known")


def _read_value(data: BoundedFile, known: dict[str, Value], arrays: dict[str, Array]) -> None:
    key = _name(data.text(MAX_KEY, "a key"), "a key")
    if key in known or key in arrays:
        raise Malformed(f"it has the value {key} twice")
    kind = data.number(U32, f"the type of {key}")
    if kind == ValueType.TEXT:
        known[key] = data.text(MAX_HEADER, key).decode("utf-8", "replace")
    elif kind == ValueType.ARRAY:
        arrays[key] = _read_array(data, key)
    elif kind in SCALARS:
        known[key] = data.scalar(SCALARS[kind], key)
    else:
        raise Malformed(f"{key} is of an unknown type ({kind})")


def _read_array(data: BoundedFile, key: str) -> Array:
    kind = data.number(U32, f"the type of {key}")
    count = data.number(U64, f"the length of {key}")
    if kind == ValueType.ARRAY:
        raise Malformed(f"{key} is an array of arrays")
    if kind == ValueType.TEXT:
        data.require(count * U64.size, key)
        if key == TOKENS:
            return Array(kind, count, data.texts(count, key))
        data.skip_texts(count, key)
    elif kind in SCALARS:
        data.skip(count * SCALARS[kind].size, key)
    else:
        raise Malformed(f"{key} is of an unknown type ({kind})")
    return Array(kind, count)


def _read_tensor(data: BoundedFile) -> Tensor:
    name = _name(data.text(MAX_NAME, "the name of a tensor"), "the name of a tensor")
    dimensions = data.number(U32, name)
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise Malformed(f"the tensor {name} has {dimensions} dimensions")
    shape = tuple(data.number(U64, name) for _ in range(dimensions))
    kind = data.number(U32, name)
    offset = data.number(U64, name)
    if kind not in BLOCKS:
        raise Malformed(f"the tensor {name} is of an unknown type ({kind})")
    elements = 1
    for length in shape:
        elements *= length
    values, size = BLOCKS[kind]
    if not 0 < elements <= _LARGEST or shape[0] % values:
        raise Malformed(f"the tensor {name} has an impossible shape")
    return Tensor(name, shape, kind, offset, elements // values * size)


def _name(raw: bytes, what: str) -> str:
    try:
        found = raw.decode("ascii")
    except UnicodeDecodeError:
        found = ""
    if not found.isprintable() or not found:
        raise Malformed(f"{what} is empty or not plain text")
    return found


def _alignment(known: dict[str, Value], arrays: dict[str, Array]) -> int:
    found = known.get("general.alignment", DEFAULT_ALIGNMENT)
    sound = isinstance(found, int) and 1 <= found <= MAX_ALIGNMENT and not found & (found - 1)
    if not sound or "general.alignment" in arrays:
        raise Malformed("its alignment is not a power of two")
    return int(found)


def _check_places(tensors: list[Tensor], alignment: int, room: int) -> None:
    """Make sure that one tensor lies behind the other, and the last within `room` bytes."""
    if not tensors:
        raise Malformed("it has no tensors")
    names: set[str] = set()
    end = 0
    for tensor in tensors:
        if tensor.name in names:
            raise Malformed(f"it has the tensor {tensor.name} twice")
        names.add(tensor.name)
        if tensor.offset != end:
            raise Malformed(f"the tensor {tensor.name} does not lie behind the one before it")
        if tensor.offset + tensor.size > room:
            raise Malformed(f"{tensor.name} reaches beyond the end, as if it were cut off")
        end = _padded(end + tensor.size, alignment)


def _padded(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment
