"""What this machine has for models."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil

SHARE = 0.75
"""Of the memory, what a model may take: an editor and a browser need some, too."""

_LIMIT = Path("/sys/fs/cgroup/memory.max")


def memory_for_models(limit: Path = _LIMIT) -> int:
    """Return the bytes of memory that a model may take, here or in this container."""
    total = int(psutil.virtual_memory().total)
    with contextlib.suppress(OSError, ValueError):  # no container, or one without a limit
        total = min(total, int(limit.read_text()))
    return int(SHARE * total)
