"""How long reading a file takes that the system holds in memory in part, or not at all."""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = 64
"""Places of a file that are looked at, each time others: Linux then reads what it has not."""

TRIAL_BYTES = 4 * 2**20
"""Bytes read to know the disk's speed: 5 ms at 800 MB/s, 40 ms at 100 MB/s."""


def read_seconds(path: Path) -> float:
    """Return the seconds that the disk would take to read the file at `path`, by samples.

    What is in memory takes none. It is 0 where the system does not tell: only Linux does, of most
    file systems. Raises OSError where the file cannot be read.
    """
    if not hasattr(os, "RWF_NOWAIT"):
        return 0.0
    with path.open("rb", buffering=0) as file:
        number = file.fileno()
        size = os.fstat(number).st_size
        places = [int(random.random() * size) for _ in range(SAMPLES)]  # noqa: S311 (no secret)
        missing = [place for place in places if not _in_memory(number, place)]
        if not missing:
            return 0.0
        started = time.perf_counter()
        read = _read(number, missing[0])
        byte_s = (time.perf_counter() - started) / read
    return byte_s * size * len(missing) / SAMPLES


def _read(number: int, place: int) -> int:
    """Read from `place` of an open file on and return how many bytes that were, at least 1."""
    return len(os.pread(number, TRIAL_BYTES, place)) or 1


def _in_memory(number: int, place: int) -> bool:
    """Tell whether the byte at `place` of an open file is, True where the system does not tell."""
    try:
        os.preadv(number, [bytearray(1)], place, os.RWF_NOWAIT)
    except BlockingIOError:
        return False
    except OSError:  # not with this file system
        return True
    return True
