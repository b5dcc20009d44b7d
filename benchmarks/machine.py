"""What a figure was measured on: enough to compare machines, nothing that names one."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

import slm_lsp

_PACKAGES = ("llama-cpp-python", "pygls", "tree-sitter", "msgspec")


def describe() -> dict[str, str | int | float]:
    """Return CPU model, cores, memory (GiB), system and versions."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count() or 0,
        "usable_cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "slm-lsp": slm_lsp.__version__,
        **{name: _version(name) for name in _PACKAGES},
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
