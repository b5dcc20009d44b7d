"""AMX, Intel's instructions for tiles of matrices, in a runtime whose compiler got them wrong.

GCC before 11.5, 12.4, 13.3 and 14 leaves 56 of the 64 bytes of a tile configuration unwritten
(https://gcc.gnu.org/PR114098), and the processor ends the process at its first product of matrices.
Without AMX the same runtime is sound. What this project builds is mended by
`tools/tile_configuration.h`, which leaves a mark; what pip builds from the sources is not.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

FEATURE = "AMX_INT8"
"""The runtime's name of the instructions."""

MARK = b"slm-lsp: tile configurations are whole"
"""What the mended sources leave behind among the compiler's notes."""

_MENDED = {11: 5, 12: 4, 13: 3}
"""Minor versions of GCC from which on each major one is right; later ones are."""

_COMPILER = re.compile(rb"GCC: \([^)]*\) (\d+)\.(\d+)")
_LIBRARY = re.compile(r"/\S.*/libggml-cpu[^/\n]*$", re.MULTILINE)
_MAPS = Path("/proc/self/maps")


@functools.cache
def defect() -> str:
    """Name the compiler that got the loaded runtime's tiles wrong; empty where none did."""
    maps = _MAPS.read_text("utf-8", "replace") if _MAPS.exists() else ""
    libraries = sorted(set(_LIBRARY.findall(maps)))
    return next((found for path in libraries if (found := defect_of(Path(path)))), "")


def defect_of(library: Path) -> str:
    """Name the compiler that got the tiles in `library` wrong; empty where none did."""
    content = library.read_bytes() if library.exists() else b""
    found = _COMPILER.search(content)
    if found is None or MARK in content:
        return ""
    major, minor = int(found[1]), int(found[2])
    right = major > max(_MENDED) or minor >= _MENDED.get(major, minor + 1)
    return "" if right else f"GCC {major}.{minor}"
