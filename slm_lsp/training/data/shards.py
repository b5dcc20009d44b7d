"""Rows of tokens in files that can be carried.

A folder of shards has `shards.json` and files of at most `MAX_BYTES`, each an LZMA stream of rows
of little-endian numbers.
"""

from __future__ import annotations

import hashlib
import lzma
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt

from slm_lsp.errors import TuneRefused

if TYPE_CHECKING:
    from pathlib import Path

Rows = npt.NDArray[Any]
"""Tokens, `nothing` or `switch`: `numpy.uint16`, or `numpy.uint32` if a vocabulary is wide."""

WIDE = 2**16 - 2
"""Tokens from which on a vocabulary needs more than two bytes."""

MAX_BYTES = 50_000_000
INDEX = "shards.json"

PRESET = 1
"""LZMA's effort: 6 makes files 4 % smaller in three times the time."""


class Shard(msgspec.Struct, frozen=True):
    """One file: how many rows it has, and its SHA-256."""

    file: str
    rows: int
    sha256: str


class Index(msgspec.Struct, frozen=True):
    """What the shards of a folder are: `row` tokens each, `tokens` of them in all.

    `end` is the token that closes a middle. A loss at it counts `end_weight` times, because a model
    that does not learn to end is of no use. `new` has the tokens that the base is to learn by their
    short names (`pre`, `suf`, `mid`, `rep`, `sep`), and is empty where it knows its own.
    """

    row: int
    wide: bool
    tokens: int
    end: int
    end_weight: float
    new: dict[str, int]
    shards: tuple[Shard, ...]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(shard.rows for shard in self.shards)

    @property
    def tokens_per_row(self) -> float:
        """How many tokens a row has on average; 0 without rows."""
        return self.tokens / max(1, self.rows)


def nothing(kind: npt.DTypeLike) -> int:
    """Return the number that stands for no token."""
    return int(np.iinfo(kind).max)


def switch(kind: npt.DTypeLike) -> int:
    """Return the number between what is learned to be written and what is only read.

    A row begins with the former.
    """
    return nothing(kind) - 1


class Writer:
    """Writes rows into the shards of `folder`; the index is written last, by `close`."""

    def __init__(self, folder: Path, row: int, *, wide: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._row, self._wide = folder, row, wide
        self._kind = np.dtype("<u4" if wide else "<u2")
        self._shards: list[Shard] = []
        self._tokens = 0
        self._parts: list[bytes] = []
        self._rows = self._size = 0
        self._packer = lzma.LZMACompressor(preset=PRESET)

    def add(self, row: Rows) -> None:
        """Append one row."""
        self._tokens += int((row < switch(row.dtype)).sum())
        part = self._packer.compress(row.astype(self._kind).tobytes())
        self._parts.append(part)
        self._rows += 1
        self._size += len(part)
        # What the compressor still holds is less than its block of some megabytes.
        if self._size > MAX_BYTES - 8_000_000:
            self._finish()

    def close(self, *, end: int, end_weight: float, new: dict[str, int]) -> Index:
        """Write what is left, then the index."""
        if self._rows:
            self._finish()
        index = Index(
            self._row, self._wide, self._tokens, end, end_weight, new, tuple(self._shards)
        )
        encoded = msgspec.json.format(msgspec.json.encode(index), indent=2)
        (self._folder / INDEX).write_bytes(encoded + b"\n")
        return index

    def _finish(self) -> None:
        content = b"".join([*self._parts, self._packer.flush()])
        name = f"{len(self._shards):04}.xz"
        (self._folder / name).write_bytes(content)
        self._shards.append(Shard(name, self._rows, hashlib.sha256(content).hexdigest()))
        self._parts, self._rows, self._size = [], 0, 0
        self._packer = lzma.LZMACompressor(preset=PRESET)


def read(folder: Path) -> tuple[Index, Rows]:
    """Return the index of `folder` and all of its rows, checked. Raises TuneRefused."""
    try:
        index = msgspec.json.decode((folder / INDEX).read_bytes(), type=Index)
    except (OSError, ValueError, RecursionError) as error:
        raise TuneRefused(f"{folder} has no shards to train on ({error}).") from None
    rows = np.empty((index.rows, index.row), np.uint32 if index.wide else np.uint16)
    at = 0
    for shard in index.shards:
        rows[at : at + shard.rows] = _unpacked(folder / shard.file, shard, index)
        at += shard.rows
    return index, rows


def _unpacked(path: Path, shard: Shard, index: Index) -> Rows:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TuneRefused(f"The shard {path} cannot be read: {error.strerror}.") from None
    if hashlib.sha256(content).hexdigest() != shard.sha256:
        raise TuneRefused(f"The shard {path} is damaged; bring it here again.")
    flat = np.frombuffer(lzma.decompress(content), "<u4" if index.wide else "<u2")
    return flat.reshape(shard.rows, index.row)
