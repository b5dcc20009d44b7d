"""`slm-lsp tune`, killed without warning and resumed, ends with the same adapter."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from slm_lsp.tune import checkpoint
from tests.tune import test_command

if TYPE_CHECKING:
    from pathlib import Path

places, repository = test_command.places, test_command.repository

PROGRAM = """
import sys
from slm_lsp import cli
from slm_lsp.tune import train
train.SAVE_S = 0.05
sys.exit(cli.main(sys.argv[1:]))
"""
"""The command, with a checkpoint so often that a run of seconds has many."""


def started(repository: Path, cache: Path, out: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, "tune", str(repository), "--base", "tiny"]
    command += ["--minutes", "0.1", "--holes", "1", "--json", "--out", str(out)]
    environ = os.environ | {"OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(cache)}
    return subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def folder(cache: Path) -> Path | None:
    """Return where the training stands, once it has a first checkpoint."""
    found = [*cache.glob(f"slm-lsp/tune/*/*/{checkpoint.FILE}")]
    return found[0].parent if found else None


def step(cache: Path) -> int:
    place = folder(cache)
    assert place is not None
    state = checkpoint.load(place)
    assert state is not None
    assert state.step < state.plan["steps"]
    return state.step


def trains(process: subprocess.Popen[str]) -> None:
    """Wait for the first step."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("step "):
            return
    pytest.fail("it ended before its first step")


def killed_at_a_step(repository: Path, cache: Path, out: Path, wait_s: float) -> None:
    with started(repository, cache, out) as process:
        trains(process)
        time.sleep(wait_s)
        process.kill()


def killed_while_writing(repository: Path, cache: Path, out: Path) -> bool:
    """Kill it when a part of a checkpoint is there; tell whether it still is afterwards."""
    place = folder(cache)
    assert place is not None
    part = place / f"{checkpoint.FILE}.part"
    part.unlink(missing_ok=True)
    with started(repository, cache, out) as process:
        while not part.exists():
            assert process.poll() is None, "it ended before it wrote"
        process.kill()
    return part.exists()


def finished(repository: Path, cache: Path, out: Path) -> bytes:
    with started(repository, cache, out) as process:
        _, said = process.communicate()
    assert process.returncode == 0, said
    return out.read_bytes()


def test_wherever_it_is_killed_it_ends_the_same(repository: Path, tmp_path: Path):
    out, whole, cut = (tmp_path / name for name in ("adapter.gguf", "whole", "cut"))
    killed_at_a_step(repository, whole, out, 0.0)  # how many steps fit into the time is known now
    shutil.copytree(whole, cut)
    killed_at_a_step(repository, cut, out, random.Random(5).uniform(0.3, 1.0))
    first = step(cut)
    assert first > step(whole)
    assert any(killed_while_writing(repository, cut, out) for _ in range(5))
    assert step(cut) >= first
    assert finished(repository, cut, out) == finished(repository, whole, out)
