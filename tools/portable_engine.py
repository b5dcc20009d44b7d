"""llama-cpp-python for every machine of a kind: `python -m tools.portable_engine FOLDER`.

The wheel in an offline bundle goes to machines that nobody here has seen. The one that `make setup`
builds has this processor's instructions in it and ends on another with an illegal one; this has the
part that computes once for each generation of processors (`portable.cmake`), and its name says how
old a C library may be. What it needs beside that library is inside. It is built once and kept
where the other one is.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import sys
from pathlib import Path

from tools import engine_wheel
from tools.machine import SetupFailed, cache_folder, wheel_key
from tools.steps import run

_ROOT = Path(__file__).resolve().parents[1]
_REQUIREMENTS = _ROOT / "requirements"
_RECIPE = Path(__file__).with_name("portable.cmake")

_NOT_NEEDED = "include/**;llama_cpp/lib/cmake/**;llama_cpp/lib/pkgconfig/**"
"""What a wheel would carry for those who compile against it."""

_DRIVERS = ("libcuda.so.*", "libcudart.so.*", "libcublas*.so.*", "libvulkan.so.*")
"""Libraries that belong to a graphics card's driver: a machine has its own, or no such card."""


def key() -> str:
    """Return the key of the wheel that is built here, the same on all machines of a kind."""
    requirement = (_REQUIREMENTS / "engine.lock").read_text("utf-8")
    options = "\n".join([engine_wheel.recipes(), _NOT_NEEDED, os.environ.get("CMAKE_ARGS", "")])
    libc = " ".join(platform.libc_ver())
    return "portable-" + wheel_key(requirement, platform.machine(), libc, (), options)


def build() -> Path:
    """Build the wheel, unless it is there or another process builds it, and return it.

    Raises SetupFailed. However this function is left, the cache has the whole wheel or none.
    """
    cache, name = cache_folder(os.environ), key()
    if (found := engine_wheel.cached(cache, name)) is not None:
        return found
    return engine_wheel.once(
        cache,
        lambda: engine_wheel.cached(cache, name),
        lambda work: engine_wheel.keep(_build(work), cache / name),
    )


def main() -> int:
    """Build the wheel, copy it into the folder on the command line, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tools.portable_engine")
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    folder: Path = parser.parse_args().folder
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up as after Ctrl-C
    try:
        wheel = build()
    except SetupFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted; nothing is left half done. Run the same command again.\n")
        return 130
    folder.mkdir(parents=True, exist_ok=True)
    print(shutil.copy(wheel, folder))
    return 0


def _build(work: Path) -> Path:
    log = _ROOT / "build" / "portable-engine.log"
    log.unlink(missing_ok=True)
    tools = engine_wheel.build_tools(os.path.realpath(sys.executable), work, _REQUIREMENTS, log)
    wheel = engine_wheel.compile_wheel(
        tools, work, _REQUIREMENTS, log, _RECIPE, SKBUILD_WHEEL_EXCLUDE=_NOT_NEEDED
    )
    return _carry_libraries(wheel, tools, work / "repaired", log) if _linux() else wheel


def _linux() -> bool:
    return sys.platform.startswith("linux")


def _carry_libraries(wheel: Path, tools: Path, folder: Path, log: Path) -> Path:
    """Put into the wheel what not every Linux has, and into its name which ones it is for."""
    drivers = [word for pattern in _DRIVERS for word in ("--exclude", pattern)]
    run(
        "Making the wheel portable",
        [tools / "auditwheel", "repair", *drivers, "--wheel-dir", folder, wheel],
        log,
        "Report this with the log.",
        PATH=engine_wheel.search_path(tools),
    )
    return next(folder.glob("*.whl"))


if __name__ == "__main__":
    sys.exit(main())
