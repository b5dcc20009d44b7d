"""VS Code for a browser, for tests: `python -m tools.code_server`.

code-server is VS Code itself with another front door. npm's package compiles a few addons and is
large, so it is made once, from `tests/editors/vscode/package-lock.json`, and kept outside of every
checkout.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tools import npm
from tools.bootstrap import digest
from tools.engine_wheel import once
from tools.machine import SetupFailed, cache_folder
from tools.steps import run

_ROOT = Path(__file__).resolve().parents[1]
_PACKAGE = _ROOT / "tests" / "editors" / "vscode"
_MANIFESTS = ("package.json", "package-lock.json")

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def browser() -> Path:
    """Return the browser to look at VS Code with. Raises SetupFailed."""
    for name in _BROWSERS:
        if found := shutil.which(name):
            return Path(found)
    raise SetupFailed("The tests in VS Code need a browser: `sudo apt install chromium`.")


def entry() -> Path:
    """Return the script that Node runs as VS Code. Raises SetupFailed where it is not installed."""
    path = _folder() / "node_modules" / "code-server" / "out" / "node" / "entry.js"
    if not path.exists():
        raise SetupFailed("VS Code for tests is not installed; `make test-editors` does it.")
    return path


def install() -> None:
    """Install it, unless it is there. Raises SetupFailed."""
    browser()
    folder = _folder()
    if folder.exists():
        return
    if not Path("/usr/include/krb5.h").exists():
        raise SetupFailed("VS Code for tests is compiled: `sudo apt install libkrb5-dev`.")
    once(
        folder.parent,
        lambda: folder if folder.exists() else None,
        lambda work: _install(work).rename(folder),
    )


def main() -> int:
    """Install it and return the exit code."""
    try:
        install()
    except SetupFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _folder() -> Path:
    key = digest([(_PACKAGE / name).read_text("utf-8") for name in _MANIFESTS])
    return cache_folder(os.environ).parent / "code-server" / key[:12]


def _install(work: Path) -> Path:
    folder = work / "code-server"
    folder.mkdir()
    for name in _MANIFESTS:
        shutil.copy(_PACKAGE / name, folder)
    run(
        "Installing VS Code for tests (some minutes, once)",
        ["npm", "ci", "--prefix", folder, "--no-audit", "--no-fund", "--foreground-scripts"],
        _ROOT / "build" / "code-server.log",
        "Check the network and npm's settings (registry, proxy), and run it again.",
        **npm.environment(),
    )
    return folder


if __name__ == "__main__":
    sys.exit(main())
