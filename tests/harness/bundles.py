"""A real bundle for tests, and a machine without a network to install it on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pytest

from slm_lsp.bundle import checksums
from tests.harness.world import REPOSITORY, World
from tools import engine_wheel, portable_engine
from tools.machine import cache_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ALONE = ("unshare", "--map-root-user", "--net")
"""Runs a program in a network namespace without any interface."""


@cache
def no_namespaces() -> str:
    """Say why there are no network namespaces here; empty where there are."""
    try:
        subprocess.run([*ALONE, "true"], check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        return f"network namespaces are not allowed here: {error}"
    return ""


def make(folder: Path, *options: object) -> Path:
    """Make the bundle `folder` with `slm-lsp bundle create`, out of this checkout."""
    engine = engine_wheel.cached(cache_folder(os.environ), portable_engine.key())
    if engine is None:
        pytest.fail("This test needs the portable engine; `make wheels` builds it.")
    wheels = folder.with_name(f"{folder.name}-wheels")
    wheels.mkdir()
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    run([*pip, "--no-index", "--wheel-dir", wheels, REPOSITORY])
    links = ["--find-links", wheels.name, "--find-links", engine.parent]
    create = [sys.executable, "-m", "slm_lsp", "bundle", "create", "--output", folder.name]
    run([*create, *links, "--nvim", REPOSITORY / "editors" / "nvim", *options], folder.parent)
    return folder


def run(command: Sequence[object], folder: Path = REPOSITORY) -> None:
    """Run it in `folder`; what it says is in the error if it fails."""
    words = [str(word) for word in command]
    ended = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{words}\n{ended.stdout}\n{ended.stderr}"


@dataclass(frozen=True)
class Ended:
    """How a command ended; `said` is what it wrote."""

    code: int
    said: str


class Machine:
    """A home with nothing in it, on a machine without a network."""

    def __init__(self) -> None:
        self._world = World()
        self.home = self._world.root / "home"
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.env = kept | {
            "HOME": str(self.home),
            "SLM_LSP_RUNTIME_DIR": str(self._world.runtime),
        }

    @property
    def slm_lsp(self) -> Path:
        """The program as it is found on the PATH."""
        return self.home / ".local" / "bin" / "slm-lsp"

    @property
    def data(self) -> Path:
        """What is there but editors' parts."""
        return self.home / ".local" / "share" / "slm-lsp"

    @property
    def project(self) -> Path:
        """A folder to work in."""
        return self._world.project

    def run(self, *command: object) -> Ended:
        """Run a command without a network."""
        words = [*ALONE, *map(str, command)]
        ended = subprocess.run(
            words, cwd=self.project, env=self.env, capture_output=True, text=True, check=False
        )
        return Ended(ended.returncode, ended.stdout + ended.stderr)

    def run_on_full_disk(self, script: Path, megabytes: int) -> tuple[Ended, list[str]]:
        """Run a shell script where the home is a small disk; also return the files left on it."""
        disk = f"mount -t tmpfs -o size={megabytes}m none {self.home}"
        left = f"{self.project}/left"
        find = f"find {self.home} -type f -o -type l > {left}"
        command = f"{disk} && sh {script}; code=$?; {find}; exit $code"
        words = ["unshare", "--map-root-user", "--net", "--mount", "sh", "-c", command]
        ended = subprocess.run(words, env=self.env, capture_output=True, text=True, check=False)
        found = (self.project / "left").read_text().splitlines()
        return Ended(ended.returncode, ended.stdout + ended.stderr), found

    def close(self) -> None:
        """End what still runs on it and remove it."""
        self._world.close()


def copy(bundle: Path, folder: Path) -> Path:
    """Copy a bundle in no time: its files are links, so write none of them but replace it."""
    shutil.copytree(bundle, folder, copy_function=os.link)
    return folder


def sum_again(bundle: Path) -> None:
    """Make the checksums of such a copy anew, as somebody would who has no key."""
    (bundle / checksums.SUMS).unlink()
    checksums.write(bundle)


def replace(path: Path, content: bytes) -> None:
    """Give a file of such a copy another content."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)
