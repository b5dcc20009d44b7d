"""Make .venv with everything in it: `python3 -m tools.bootstrap core|dev|editors`.

`core` is what users need, `dev` adds the tools of the tests, `editors` those of the tests in real
editors. Everything is pinned by hash in
`requirements/`. What is done already is skipped; what was interrupted is done again. Needs no
root, and nothing but the standard library of the Python that runs it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools import engine_wheel
from tools.machine import (
    VENV_SPACE,
    SetupFailed,
    cache_folder,
    can_import,
    choose_python,
    free_space,
    python_version,
    require_space,
    require_venv,
)
from tools.steps import run

if TYPE_CHECKING:
    from collections.abc import Iterable

GROUPS = {"core": ("core",), "dev": ("dev", "core"), "editors": ("editors", "dev", "core")}
"""Which groups are there once one is installed."""

UNFINISHED = ".unfinished"
"""In .venv while something is installed into it: what is interrupted then cannot be trusted."""


def main() -> int:
    """Set up the group named on the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python3 -m tools.bootstrap")
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("--venv", default=".venv", metavar="NAME", help="the folder to make")
    chosen = parser.parse_args()
    for stop in (signal.SIGTERM, signal.SIGHUP):  # clean up as after Ctrl-C
        if signal.getsignal(stop) != signal.SIG_IGN:  # nohup
            signal.signal(stop, signal.default_int_handler)
    try:
        set_up(Path(__file__).resolve().parents[1], chosen.group, chosen.venv)
    except SetupFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted; nothing is left half done. Run the same command again.\n")
        return 130
    return 0


def set_up(root: Path, group: str, name: str = ".venv") -> None:
    """Make `root/name` for `group`, unless it is there and nothing it was made from changed.

    Raises SetupFailed.
    """
    venv = root / name
    requirements = root / "requirements"
    key = engine_wheel.key(requirements)
    print_of = {name: fingerprint(root, name, key) for name in GROUPS[group]}
    if stamped(venv, group, print_of[group]) and _usable(venv):
        return
    # Not the link in an active environment: it may be the very one that is made anew.
    python = choose_python(os.path.realpath(sys.executable), python_version)
    require_venv(python, can_import)
    require_space(root, VENV_SPACE, free_space(root))
    log = root / "build" / "setup.log"
    log.unlink(missing_ok=True)
    cache = cache_folder(os.environ)
    wheel = engine_wheel.cached(cache, key)
    wheel = wheel or engine_wheel.build(python, cache, key, requirements, log)
    _make_venv(python, venv, log)
    _install(venv, requirements / f"{group}.lock", wheel, root, log)
    for name, fresh in print_of.items():
        stamp(venv, name).write_text(fresh, "utf-8")


def fingerprint(root: Path, group: str, key: str) -> str:
    """Return a digest of all that .venv is made from: change that, and it is made anew."""
    sources = (root / "requirements" / f"{group}.lock", root / "pyproject.toml")
    return digest([str(root), key, *(path.read_text("utf-8") for path in sources)])


def digest(facts: Iterable[str]) -> str:
    """Return the SHA-256 of `facts`, each of them told apart from its neighbours."""
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()


def stamp(venv: Path, group: str) -> Path:
    """Return the file that says what `group` in `venv` was made from, once it is complete."""
    return venv / f".{group}-complete"


def stamped(venv: Path, group: str, fresh: str) -> bool:
    """Tell whether `venv` is complete for `group` and was made from what `fresh` stands for."""
    path = stamp(venv, group)
    complete = path.exists() and not (venv / UNFINISHED).exists()
    return complete and path.read_text("utf-8") == fresh


def _make_venv(python: str, venv: Path, log: Path) -> None:
    """Make `venv`, anew where an installation into it was interrupted or its Python is gone."""
    if (venv / UNFINISHED).exists() or not _usable(venv):
        run(
            f"Making {venv.name}",
            [python, "-m", "venv", "--clear", venv],
            log,
            f"Remove {venv.name} and run the same command again.",
        )
    (venv / UNFINISHED).touch()


def _usable(venv: Path) -> bool:
    python = venv / "bin" / "python"
    return python.exists() and can_import(str(python), "pip, tomllib")  # tomllib came with 3.11


def _install(venv: Path, lock: Path, wheel: Path, root: Path, log: Path) -> None:
    pip = [venv / "bin" / "python", "-m", "pip", "install", "--no-deps"]
    run(
        "Installing the dependencies",
        [*pip, "--require-hashes", "-r", lock],
        log,
        "Check the network and pip's settings (package index, proxy), and run it again.",
    )
    # The wheel was built here from hashed sources; the project builds with what is installed now.
    local = ["--no-index", "--no-build-isolation", "--force-reinstall"]
    run(
        "Installing slm-lsp",
        [*pip, *local, wheel, "--editable", root],
        log,
        f"Remove {venv.name} and run the same command again.",
    )
    (venv / UNFINISHED).unlink()


if __name__ == "__main__":
    sys.exit(main())
