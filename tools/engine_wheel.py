"""llama-cpp-python as a wheel, built once for this machine and kept outside of every checkout.

It is published as source only, and building it takes minutes. The sources and the tools that build
it are pinned by hash; pip's own wheel cache is not used, because it does not know that a wheel
contains instructions of one processor. Left out is what this program never loads: image input and
llama.cpp's library for command-line programs, two thirds of the compiler's work.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools import vulkan
from tools.machine import (
    BUILD_SPACE,
    cache_folder,
    cpu_flags,
    free_space,
    require_compiler,
    require_space,
    wheel_key,
)
from tools.steps import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_WORK = ".build-"

NETWORK_ADVICE = "Check the network and pip's settings (package index, proxy), and run it again."

_RECIPE = Path(__file__).with_name("runtime-only.cmake")


def key(requirements: Path) -> str:
    """Return the key of the wheel that this machine needs."""
    return machine_key(requirements, recipes())


def recipes() -> str:
    """Return what the builds here do beside what llama.cpp's own does."""
    folder = _RECIPE.parent
    files = sorted([*folder.glob("*.cmake"), *folder.glob("*.h")])
    return "\n".join(path.read_text("utf-8") for path in files)


def machine_key(requirements: Path, options: str) -> str:
    """Return the key of what this machine and the user's `CMAKE_ARGS` make of the sources.

    `options` are those of the build that are not the user's.
    """
    requirement = (requirements / "engine.lock").read_text("utf-8")
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text("utf-8", "replace") if cpuinfo.exists() else platform.processor()
    options = "{} {}".format(options, os.environ.get("CMAKE_ARGS", ""))
    libc = " ".join(platform.libc_ver())
    return wheel_key(requirement, platform.machine(), libc, cpu_flags(text), options)


def cached(cache: Path, name: str) -> Path | None:
    """Return the wheel with the key `name`, or None where it was never built."""
    return next((cache / name).glob("*.whl"), None)


def build(python: str, cache: Path, name: str, requirements: Path, log: Path) -> Path:
    """Build the wheel with the key `name`, or wait for the process that is building it.

    Raises SetupFailed. However this function is left, the cache has the whole wheel or none.
    """
    return once(
        cache,
        lambda: cached(cache, name),
        lambda work: keep(_build(python, work, requirements, log), cache / name),
    )


def once(cache: Path, find: Callable[[], Path | None], make: Callable[[Path], Path]) -> Path:
    """Return what `find` finds in `cache`, or else what `make` builds in an empty folder there.

    One process builds, others wait for it; the folder is gone afterwards. Raises SetupFailed.
    """
    require_compiler(os.environ)
    require_space(cache, BUILD_SPACE, free_space(cache))
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache):
        for left_over in cache.glob(_WORK + "*"):  # of a build that was killed
            shutil.rmtree(left_over, ignore_errors=True)
        if (found := find()) is None:
            with tempfile.TemporaryDirectory(prefix=_WORK, dir=cache) as work:
                found = make(Path(work))
    return found


def build_tools(python: str, work: Path, requirements: Path, log: Path) -> Path:
    """Make a virtual environment in `work` with cmake, ninja and scikit-build-core.

    Return its folder of programs. Raises SetupFailed.
    """
    tools = work / "venv" / "bin"
    run(
        "Making a place to build in",
        [python, "-m", "venv", tools.parent],
        log,
        "Run the same command again.",
    )
    lock = requirements / "engine-build.lock"
    run(
        "Installing cmake and ninja",
        [tools / "python", "-m", "pip", "install", "--require-hashes", "-r", lock],
        log,
        NETWORK_ADVICE,
    )
    return tools


def sources(requirements: Path) -> list[str]:
    """Return pip's options that name llama-cpp-python's sources, pinned by hash."""
    kind = ["--no-cache-dir", "--no-build-isolation", "--no-binary=:all:", "--no-deps"]
    return [*kind, "--require-hashes", "-r", str(requirements / "engine.lock")]


def search_path(tools: Path) -> str:
    """Return a PATH on which the programs in `tools` come first."""
    return f"{tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def compile_wheel(
    tools: Path, work: Path, requirements: Path, log: Path, recipe: Path, **env: str
) -> Path:
    """Build the wheel in `work` with the programs in `tools`, as `recipe` and the user say.

    Raises SetupFailed.
    """
    pip = [tools / "python", "-m", "pip", "wheel", "-v", "-w", work]
    run(
        "Building llama-cpp-python (some minutes, once)",
        [*pip, *sources(requirements)],
        log,
        "Update the C++ compiler, or report this with the log.",
        TMPDIR=str(work),  # /tmp may be small
        CMAKE_ARGS=_cmake_args(recipe, vulkan.options(os.environ, cache_folder(os.environ), log)),
        PATH=search_path(tools),
        **env,
    )
    return next(work.glob("*.whl"))


def _build(python: str, work: Path, requirements: Path, log: Path) -> Path:
    tools = build_tools(python, work, requirements, log)
    return compile_wheel(tools, work, requirements, log, _RECIPE)


def _cmake_args(recipe: Path, further: Sequence[str]) -> str:
    ours = ["-DLLAVA_BUILD=OFF", f"-DCMAKE_PROJECT_llama.cpp_INCLUDE={recipe}", *further]
    return " ".join([os.environ.get("CMAKE_ARGS", ""), *map(shlex.quote, ours)])


def keep(wheel: Path, folder: Path) -> Path:
    """Move a complete wheel to `folder`, in one step."""
    folder.mkdir(exist_ok=True)
    return wheel.replace(folder / wheel.name)


@contextlib.contextmanager
def _locked(cache: Path) -> Iterator[None]:
    with (cache / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("Another set-up is building this; waiting for it.\n")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
