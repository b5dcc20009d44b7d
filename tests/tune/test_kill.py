"""`slm-lsp tune`, killed without warning and resumed, ends with the same adapter."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from slm_lsp.training import checkpoint
from tests.tune import test_command

if TYPE_CHECKING:
    from pathlib import Path

places, repository = test_command.places, test_command.repository

PROGRAM = """
import sys
from slm_lsp.cli import main as cli
from slm_lsp.training import train
train.SAVE_S = 0.05
train.Training._step_seconds = lambda *_: 0.5
sys.exit(cli.main(sys.argv[1:]))
"""
"""The command, with a checkpoint after each step, and twelve of these however busy the machine."""


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
    """Return how many steps of the training are kept, 0 before the first checkpoint."""
    place = folder(cache)
    state = checkpoint.load(place) if place else None
    if state is None:
        return 0
    assert state.step < state.plan["steps"]
    return state.step


def killed_after(steps: int, repository: Path, cache: Path, out: Path) -> None:
    """Kill it when at least `steps` more are kept."""
    last = step(cache) + steps
    with started(repository, cache, out) as process:
        while step(cache) < last:
            assert process.poll() is None, "it ended before it was killed"
            time.sleep(0.01)
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
    killed_after(1, repository, whole, out)
    shutil.copytree(whole, cut)
    killed_after(2, repository, cut, out)
    first = step(cut)
    assert first > step(whole)
    assert any(killed_while_writing(repository, cut, out) for _ in range(5))
    assert step(cut) >= first
    assert finished(repository, cut, out) == finished(repository, whole, out)
