"""The start of a file from anywhere, read no further than it may be."""

from __future__ import annotations

import struct
from typing import BinaryIO

MAX_HEADER = 32 * 2**20
"""Bytes. Vocabularies fill headers: one of 262,144 tokens with its merges takes about 15 MB."""

_STEP = 2**20
"""Bytes read at once."""

U32 = struct.Struct("<I")
U64 = struct.Struct("<Q")

Value = int | float | bool | str


class Malformed(Exception):
    """What is wrong with the file, as the end of a sentence."""


class BoundedFile:
    """A file whose start is kept in memory, as far as it was looked at: at most `MAX_HEADER`.

    `what` names what is being read, for the error.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.size = size
        self.at = 0
        self._file = file
        self._held = bytearray()

    def require(self, count: int, what: str) -> None:
        """Make sure that `count` more bytes are there. Raises Malformed."""
        end = self.at + count
        if end > self.size:
            raise Malformed(f"{what} reaches beyond the end, as if it were cut off")
        if end > MAX_HEADER:
            raise Malformed(f"its header is longer than {MAX_HEADER // 2**20} MB")
        while len(self._held) < end:
            more = self._file.read(max(_STEP, end - len(self._held)))
            if not more:
                raise Malformed("it became shorter while it was read")
            self._held += more

    def number(self, form: struct.Struct, what: str) -> int:
        """Read one number."""
        self.require(form.size, what)
        [found] = form.unpack_from(self._held, self.at)
        self.at += form.size
        return int(found)

    def scalar(self, form: struct.Struct, what: str) -> Value:
        """Read one number, which may be a fraction or true or false."""
        self.require(form.size, what)
        [found] = form.unpack_from(self._held, self.at)
        self.at += form.size
        return found  # type: ignore[no-any-return]  # what the format says

    def text(self, most: int, what: str) -> bytes:
        """Read a text of at most `most` bytes behind its length."""
        length = self.number(U64, what)
        if length > most:
            raise Malformed(f"{what} has a length of {length:,} bytes, more than {most:,}")
        self.require(length, what)
        found = bytes(self._held[self.at : self.at + length])
        self.at += length
        return found

    def skip(self, count: int, what: str) -> None:
        """Pass over `count` bytes."""
        self.require(count, what)
        self.at += count

    def skip_texts(self, count: int, what: str) -> None:
        """Pass over `count` texts: a vocabulary has hundreds of thousands, hence no calls."""
        at, held, unpack = self.at, self._held, U64.unpack_from
        for _ in range(count):
            if at + 8 > len(held):
                self.at = at
                self.require(8, what)
            at += 8 + unpack(held, at)[0]
            if at > self.size:
                break
        self.at = at
        self.require(0, what)

    def texts(self, count: int, what: str) -> tuple[bytes, ...]:
        """Read `count` texts."""
        at, held, unpack = self.at, self._held, U64.unpack_from
        self.skip_texts(count, what)
        found = []
        for _ in range(count):
            start = at + U64.size
            at = start + unpack(held, at)[0]
            found.append(bytes(held[start:at]))
        return tuple(found)
