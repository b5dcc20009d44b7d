"""Runs of words as numbers, by which texts are compared whatever their layout."""

from __future__ import annotations

import functools
import re
import zlib

import numpy as np
import numpy.typing as npt

Runs = npt.NDArray[np.uint64]

_WORD = re.compile(r"\w+|[^\w\s]+")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def runs(text: str, length: int) -> Runs:
    """Return a number for each run of `length` words in `text`, the same on every machine.

    A word is a name, a number, or signs without a blank between them. A shorter text is one run.
    """
    words = np.fromiter(map(_number, _WORD.findall(text)), dtype=np.uint64)
    count = max(1, len(words) - length + 1)
    found = np.zeros(count, np.uint64)
    for at in range(min(length, len(words))):
        found = found * _FACTOR + words[at : at + count]
        found ^= found >> np.uint64(29)
    return found


def count(text: str) -> int:
    """Return how many words there are in `text`."""
    return len(_WORD.findall(text))


@functools.lru_cache(200_000)
def _number(word: str) -> int:
    return zlib.crc32(word.encode())
