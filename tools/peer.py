"""llama.cpp's own programs, built once for this machine: `python -m tools.peer`, or `make peer`.

`llama-server` is the peer that `benchmarks.peers` measures against, `llama-bench` says how fast
this machine can be. They are built from the same sources and for the same processor as the runtime
in .venv, so that both sides of a comparison run the same kernels. Nothing but benchmarks needs
them.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
from pathlib import Path

from tools import engine_wheel
from tools.machine import SetupFailed, cache_folder
from tools.steps import run

PROGRAMS = ("llama-server", "llama-bench")

_ROOT = Path(__file__).resolve().parents[1]
_REQUIREMENTS = _ROOT / "requirements"

_OPTIONS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=OFF",
    "-DLLAMA_CURL=OFF",
    "-DLLAMA_OPENSSL=OFF",
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_SERVER=ON",
)
"""Without what would be fetched while building: the web page, and the library for downloads."""

_RECIPE = Path(__file__).with_name("compiler.cmake")


def program(name: str) -> Path:
    """Return the path of the program `name`, one of PROGRAMS. Raises SetupFailed: not built."""
    path = _folder() / name
    if not path.is_file():
        raise SetupFailed(f"{name} is not there; `make peer` builds it, once, in some minutes.")
    return path


def build() -> Path:
    """Build the programs unless they are there, and return their folder.

    Raises SetupFailed. However this function is left, there are all of them or none.
    """
    folder = _folder()
    log = _ROOT / "build" / "peer.log"
    return engine_wheel.once(
        folder.parent,
        lambda: folder if folder.exists() else None,
        lambda work: _build(work, log).rename(folder),
    )


def main() -> int:
    """Build, say where the programs are, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tools.peer")
    parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up as after Ctrl-C
    try:
        print(build())
    except SetupFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted; nothing is left half done. Run the same command again.\n")
        return 130
    return 0


def _folder() -> Path:
    options = " ".join([*_OPTIONS, engine_wheel.recipes()])
    key = engine_wheel.machine_key(_REQUIREMENTS, options)
    return cache_folder(os.environ).parent / "peer" / key


def _build(work: Path, log: Path) -> Path:
    """Build in `work` and return the folder in it that holds PROGRAMS."""
    log.unlink(missing_ok=True)
    tools = engine_wheel.build_tools(os.path.realpath(sys.executable), work, _REQUIREMENTS, log)
    environ = {"TMPDIR": str(work), "PATH": engine_wheel.search_path(tools)}
    source = _fetch(tools, work, log, environ)
    objects = work / "objects"
    include = f"-DCMAKE_PROJECT_llama.cpp_INCLUDE={_RECIPE}"
    users = shlex.split(os.environ.get("CMAKE_ARGS", ""))
    advice = "Update the C++ compiler, or report this with the log."
    run(
        "Configuring llama.cpp",
        ["cmake", "-G", "Ninja", "-S", source, "-B", objects, *_OPTIONS, include, *users],
        log,
        advice,
        **environ,
    )
    run(
        "Building llama-server and llama-bench (some minutes, once)",
        ["cmake", "--build", objects, "--target", *PROGRAMS],
        log,
        advice,
        **environ,
    )
    return _only_programs(objects / "bin", work / "programs")


def _fetch(tools: Path, work: Path, log: Path, environ: dict[str, str]) -> Path:
    """Fetch the sources of llama-cpp-python and return the folder with llama.cpp's."""
    fetched, unpacked = work / "fetched", work / "unpacked"
    download = [tools / "python", "-m", "pip", "download", "-d", fetched]
    run(
        "Fetching the sources",
        [*download, *engine_wheel.sources(_REQUIREMENTS)],
        log,
        engine_wheel.NETWORK_ADVICE,
        **environ,
    )
    unpacked.mkdir()
    run(
        "Unpacking the sources",
        ["tar", "-xf", next(fetched.iterdir()), "-C", unpacked, "--strip-components=1"],
        log,
        "Make room, and run the same command again.",
        **environ,
    )
    return unpacked / "vendor" / "llama.cpp"


def _only_programs(built: Path, folder: Path) -> Path:
    folder.mkdir()
    for name in PROGRAMS:
        (built / name).rename(folder / name)
    return folder


if __name__ == "__main__":
    sys.exit(main())
