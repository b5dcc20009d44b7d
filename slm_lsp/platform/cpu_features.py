"""The oldest processors that this program runs on.

What it is made of, numpy first, has instructions in it that every processor since 2009 knows
(x86-64-v2). On an older one the first of them would end the process without a word.
"""

from __future__ import annotations

import platform
from pathlib import Path

_NEEDED = {"x86_64": ("cx16", "lahf_lm", "pni", "popcnt", "sse4_1", "sse4_2", "ssse3")}
"""What Linux calls them, by machine; other machines need nothing that not all have."""

_CPUINFO = Path("/proc/cpuinfo")


def missing_features(machine: str = "", cpuinfo: Path = _CPUINFO) -> tuple[str, ...]:
    """Return the instruction sets that this processor lacks, as far as the system tells."""
    needed = _NEEDED.get(machine or platform.machine(), ())
    try:
        lines = cpuinfo.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ()
    flags = next((line.split() for line in lines if line.startswith("flags")), list(needed))
    return tuple(flag for flag in needed if flag not in flags)


def complaint(missing: tuple[str, ...]) -> str:
    """Return the sentence about a processor that lacks what `lacking` has found."""
    return f"slm-lsp needs a processor of 2009 or newer; this one lacks {', '.join(missing)}."
