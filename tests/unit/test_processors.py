"""How many threads a model gets, on machines of several kinds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psutil
import pytest

from slm_lsp.platform.machine import model_threads

if TYPE_CHECKING:
    from pathlib import Path


def machine(
    root: Path,
    cores: list[tuple[int, int]],
    *,
    capacities: list[int] | None = None,
    performance: str = "",
    quota: str = "",
) -> Path:
    """Make the files of a system whose logical processors sit on `cores` (package, core)."""
    for cpu, (package, core) in enumerate(cores):
        folder = root / "devices/system/cpu" / f"cpu{cpu}"
        (folder / "topology").mkdir(parents=True)
        (folder / "topology/physical_package_id").write_text(f"{package}\n")
        (folder / "topology/core_id").write_text(f"{core}\n")
        if capacities:
            (folder / "cpu_capacity").write_text(f"{capacities[cpu]}\n")
    if performance:
        (root / "devices/cpu_core").mkdir(parents=True)
        (root / "devices/cpu_core/cpus").write_text(f"{performance}\n")
    if quota:
        (root / "fs/cgroup").mkdir(parents=True)
        (root / "fs/cgroup/cpu.max").write_text(f"{quota}\n")
    return root


PLAIN = [(0, core) for core in range(4)]
THREADED = [(0, cpu // 2) for cpu in range(8)]
TWO_SOCKETS = [(cpu // 2, cpu % 2) for cpu in range(4)]


@pytest.mark.parametrize(
    ("cores", "options", "expected"),
    [
        (PLAIN, {}, 4),
        (THREADED, {}, 4),
        (TWO_SOCKETS, {}, 4),
        (PLAIN, {"capacities": [1024, 1024, 446, 446]}, 2),
        ([*THREADED, (0, 10), (0, 11)], {"performance": "0-7"}, 4),
        ([*PLAIN, (0, 10), (0, 11)], {"performance": "0-1,3"}, 3),
        (PLAIN, {"quota": "150000 100000"}, 2),
        (PLAIN, {"quota": "10000 100000"}, 1),
        (PLAIN, {"quota": "max 100000"}, 4),
    ],
)
def test_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores, options, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(len(cores))))
    assert model_threads(machine(tmp_path, cores, **options)) == expected


def test_only_what_the_process_may_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    assert model_threads(machine(tmp_path, THREADED)) == 2


def test_a_system_that_does_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(psutil, "cpu_count", lambda *, logical: 6)
    assert model_threads(tmp_path) == 6
