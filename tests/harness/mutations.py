"""Model files with something wrong with them: a sound one, changed in one place by chance."""

from __future__ import annotations

import math
import random
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

NUMBERS = (0, 1, 8, 9, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
"""Lengths, counts and types that somebody might have forgotten about."""


EXTREMES = (0, 1, 7, 255, 100_000, 2**31 - 1, 2**31, 2**32 - 1)
"""Sizes of nothing that exists."""


def mutated(sound: bytes, header: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield `count` files made of the `sound` one, whose header has `header` bytes.

    Each comes with what was done to it. The same arguments make the same files.
    """
    rng = random.Random(count)
    for number in range(count):
        mutate = MUTATIONS[number % len(MUTATIONS)]
        yield mutate.__name__.strip("_"), mutate(sound, header, rng)


def extreme(sound: bytes, keys: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield files made of the `sound` one, in each of which a value of `keys` is an odd number."""
    for key in keys:
        name = key.encode()
        at = sound.index(struct.pack("<Q", len(name)) + name) + 8 + len(name)
        [kind] = struct.unpack_from("<I", sound, at)
        if kind in (4, 5):
            for number in EXTREMES:
                yield f"{key} {number}", _put(sound, at + 4, struct.pack("<I", number))
        elif kind == 6:
            for fraction in (-1.0, 0.0, math.nan, math.inf):
                yield f"{key} {fraction}", _put(sound, at + 4, struct.pack("<f", fraction))


def _truncated(sound: bytes, header: int, rng: random.Random) -> bytes:
    return sound[: rng.randrange(rng.choice((header, len(sound))))]


def _flipped(sound: bytes, header: int, rng: random.Random) -> bytes:
    return _put(sound, rng.randrange(header), bytes([rng.randrange(256)]))


def _small_number(sound: bytes, header: int, rng: random.Random) -> bytes:
    number = rng.choice(NUMBERS) % 2**32
    return _put(sound, rng.randrange(header - 4), struct.pack("<I", number))


def _large_number(sound: bytes, header: int, rng: random.Random) -> bytes:
    return _put(sound, rng.randrange(header - 8), struct.pack("<Q", rng.choice(NUMBERS)))


def _start(sound: bytes, _header: int, rng: random.Random) -> bytes:
    """Change the magic, the version or one of the counts."""
    at, length = rng.choice(((0, 4), (4, 4), (8, 8), (16, 8)))
    number = rng.choice((*NUMBERS, rng.randrange(2**32)))
    return _put(sound, at, number.to_bytes(8, "little")[:length])


def _length(sound: bytes, header: int, rng: random.Random) -> bytes:
    """Change the length of a text: one below 256 is a byte with zeros behind it."""
    places = [at for at in range(24, header - 8) if sound[at] and not any(sound[at + 1 : at + 8])]
    return _put(sound, rng.choice(places), struct.pack("<Q", rng.choice(NUMBERS)))


def _nested(sound: bytes, header: int, rng: random.Random) -> bytes:
    """Say of an array that its elements are arrays."""
    arrays = [at for at in range(24, header - 8) if sound[at : at + 4] == b"\x09\0\0\0"]
    return _put(sound, rng.choice(arrays) + 4, b"\x09\0\0\0")


def _repeated(sound: bytes, header: int, rng: random.Random) -> bytes:
    start = rng.randrange(header)
    end = rng.randrange(start, header)
    return sound[:end] + sound[start:end] + sound[end:]


def _left_out(sound: bytes, header: int, rng: random.Random) -> bytes:
    start = rng.randrange(header)
    return sound[:start] + sound[start + rng.randrange(1, 100) :]


def _noise(sound: bytes, header: int, rng: random.Random) -> bytes:
    return _put(sound, rng.randrange(24, header - 64), rng.randbytes(64))


def _put(sound: bytes, at: int, new: bytes) -> bytes:
    return sound[:at] + new + sound[at + len(new) :]


MUTATIONS: tuple[Callable[[bytes, int, random.Random], bytes], ...] = (
    _truncated,
    _flipped,
    _small_number,
    _large_number,
    _start,
    _length,
    _nested,
    _repeated,
    _left_out,
    _noise,
)
