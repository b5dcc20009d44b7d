"""What this machine is, and what it has for models."""

from __future__ import annotations

import contextlib
import os
import platform
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


def this_machine() -> str:
    """Name the processor, for people and to notice that the store moved to another machine."""
    name = ""
    if (cpuinfo := Path("/proc/cpuinfo")).exists():
        lines = cpuinfo.read_text("utf-8", "replace").splitlines()
        names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        name = next(names, "")
    kind = platform.machine()
    return f"{name or platform.processor() or kind} ({kind}, {os.cpu_count()} logical cores)"
