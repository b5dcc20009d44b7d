"""llama-cpp-python as a wheel, built once for this machine and kept outside of every checkout.

It is published as source only, and building it takes about ten minutes on two cores. The sources
and the tools that build it are pinned by hash; pip's own wheel cache is not used, because it does
not know that a wheel contains instructions of one processor.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools.machine import BUILD_SPACE, free_space, require_compiler, require_space
from tools.steps import run

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORK = ".build-"


def cached(cache: Path, key: str) -> Path | None:
    """Return the wheel for `key`, or None where it was never built."""
    return next((cache / key).glob("*.whl"), None)


def build(python: str, cache: Path, key: str, requirements: Path, log: Path) -> Path:
    """Build the wheel for `key`, or wait for the process that is building it.

    Raises SetupFailed. However this function is left, the cache has the whole wheel or none.
    """
    require_compiler(os.environ)
    require_space(cache, BUILD_SPACE, free_space(cache))
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache):
        for left_over in cache.glob(_WORK + "*"):  # of a build that was killed
            shutil.rmtree(left_over, ignore_errors=True)
        if (wheel := cached(cache, key)) is None:
            with tempfile.TemporaryDirectory(prefix=_WORK, dir=cache) as work:
                wheel = _keep(_build(python, Path(work), requirements, log), cache / key)
    return wheel


def _build(python: str, work: Path, requirements: Path, log: Path) -> Path:
    tools = work / "venv"
    pip = [tools / "bin" / "python", "-m", "pip"]
    lock = requirements / "engine-build.lock"
    run(
        "Making a place to build in",
        [python, "-m", "venv", tools],
        log,
        "Run the same command again.",
    )
    run(
        "Installing cmake and ninja",
        [*pip, "install", "--require-hashes", "-r", lock],
        log,
        "Check the network and pip's settings (package index, proxy), and run it again.",
    )
    source = ["--no-binary=:all:", "--no-deps", "--require-hashes"]
    source += ["-r", str(requirements / "engine.lock")]
    run(
        "Building llama-cpp-python (about 10 minutes, once)",
        [*pip, "wheel", "-v", "--no-cache-dir", "--no-build-isolation", "-w", work, *source],
        log,
        "Update the C++ compiler, or report this with the log.",
        TMPDIR=str(work),  # /tmp may be small
        PATH=f"{tools / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    )
    return next(work.glob("*.whl"))


def _keep(wheel: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return wheel.replace(folder / wheel.name)


@contextlib.contextmanager
def _locked(cache: Path) -> Iterator[None]:
    with (cache / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("Another set-up is building llama-cpp-python; waiting for it.\n")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
