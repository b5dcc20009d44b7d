"""Weights in huge pages, which Linux gives to memory of a process but not to a mapped file.

Each token goes through all of the weights, and the processor must translate the address of each of
their pages: a small page has 4 KiB, a huge one 2 MiB. With the default model a token is written in
5.9 instead of 6.6 ms (llama-bench, 2 cores). The price is a copy: weights in a mapped file need no
more memory than the file's cache, so only those are copied that are small beside the machine's.
"""

from __future__ import annotations

import sys
from pathlib import Path

import psutil

LEAST_MEMORY = 8
"""Sizes of its weights that a machine's memory must have at the least."""

TUNABLE = "glibc.malloc.hugetlb=1"
"""Makes glibc ask for huge pages, since most systems give them only to who asks (`madvise`)."""

_ENABLED = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def worthwhile(size: int) -> bool:
    """Tell whether weights of `size` bytes are better copied than mapped on this machine."""
    return _given() and size * LEAST_MEMORY <= psutil.virtual_memory().total


def tunables(own: str) -> str:
    """Return the value of GLIBC_TUNABLES with TUNABLE before what it has: the last one counts."""
    return ":".join(filter(None, (TUNABLE, own)))


def _given() -> bool:
    try:
        return sys.platform == "linux" and "[never]" not in _ENABLED.read_text()
    except OSError:
        return False
