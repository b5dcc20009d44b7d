"""What this machine is, and what it has for models.

How many threads a model should have on this machine, and which cores are for them.

The threads of a model wait for one another many times in each token, so the slowest decides. One
that shares a core with another, sits on an efficiency core or beyond what a container may use makes
all of them slower.
"""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path

import psutil

SLOWEST = 0.75
"""Share of the fastest core's capacity that a core must have; efficiency cores have about half."""

_SYSTEM = Path("/sys")


def model_threads(system: Path = _SYSTEM) -> int:
    """Return the number of fast physical cores that this process may use, at least 1."""
    cores = len(fast_cores(system)) or psutil.cpu_count(logical=False) or 1
    return max(1, min(cores, _quota(system / "fs" / "cgroup" / "cpu.max")))


def fast_cores(system: Path = _SYSTEM) -> list[frozenset[int]]:
    """Return the logical processors of each fast physical core that this process may use.

    Empty where the system does not tell.
    """
    devices = system / "devices"
    try:
        allowed = sorted(os.sched_getaffinity(0))
        performance = devices / "cpu_core" / "cpus"  # Intel's processors with two kinds of cores
        if performance.exists():
            fast = _numbers(performance.read_text())
            allowed = [cpu for cpu in allowed if cpu in fast] or allowed
        capacities = {cpu: _capacity(devices, cpu) for cpu in allowed}
        fastest = max(capacities.values())
        cores: dict[tuple[str, str], set[int]] = {}
        for cpu, capacity in capacities.items():
            if capacity >= SLOWEST * fastest:
                cores.setdefault(_core(devices, cpu), set()).add(cpu)
    except (OSError, AttributeError, ValueError):  # not Linux, or a system that does not tell
        return []
    return [frozenset(cpus) for cpus in cores.values()]


def _capacity(devices: Path, cpu: int) -> int:
    """Return how much a processor gets done, on a scale of its own; ARM's systems say so."""
    path = devices / "system" / "cpu" / f"cpu{cpu}" / "cpu_capacity"
    return int(path.read_text()) if path.exists() else 1024


def _core(devices: Path, cpu: int) -> tuple[str, str]:
    topology = devices / "system" / "cpu" / f"cpu{cpu}" / "topology"
    package = (topology / "physical_package_id").read_text().strip()
    return package, (topology / "core_id").read_text().strip()


def _numbers(ranges: str) -> set[int]:
    """Read a list such as `0-7,10`."""
    ends = [part.partition("-") for part in ranges.strip().split(",")]
    return {n for first, _, last in ends for n in range(int(first), int(last or first) + 1)}


def _quota(path: Path) -> int:
    """Return the processors a container may use (cgroup v2), or many."""
    try:
        quota, period = path.read_text().split()
        return max(1, round(int(quota) / int(period)))
    except (OSError, ValueError):
        return 1 << 16


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
