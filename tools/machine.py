"""What the set-up needs from this machine, and the sentence for each thing that is missing.

Standard library only, and nothing newer than Python 3.8: an old Python has to be told so.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

OLDEST_PYTHON = (3, 11)

OTHER_PYTHONS = ("python3.13", "python3.12", "python3.11")
"""Tried where the default Python is too old."""

BUILD_SPACE = 10**9
"""Bytes: sources, tools and objects of the llama-cpp-python build take half of that."""

VENV_SPACE = 10**9
"""Bytes: the packages in .venv, the model, and a copy of it while it is requantised."""


class SetupFailed(Exception):
    """The set-up cannot go on: one sentence that says what to do."""


def choose_python(default: str, version_of: Callable[[str], tuple[int, ...] | None]) -> str:
    """Return the first command that runs a Python new enough. Raises SetupFailed."""
    for command in (default, *OTHER_PYTHONS):
        version = version_of(command)
        if version is not None and version >= OLDEST_PYTHON:
            return command
    found = ".".join(map(str, version_of(default) or ())) or "none"
    raise SetupFailed(
        f"slm-lsp needs Python 3.11 or newer and this machine has {found}; Debian 12, Ubuntu 24.04 "
        "and newer have it: `sudo apt install python3 python3-venv`."
    )


def python_version(command: str) -> tuple[int, ...] | None:
    """Return the version of the Python that `command` runs, or None where it runs none."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        ended = subprocess.run([command, "-c", code], capture_output=True, text=True, check=True)
        return tuple(int(part) for part in ended.stdout.split())
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None


def require_venv(python: str, imports: Callable[[str, str], bool]) -> None:
    """Raise SetupFailed unless `python` can make virtual environments with pip in them."""
    if not imports(python, "venv, ensurepip"):
        package = "{}-venv".format("python3" if os.sep in python else python)
        raise SetupFailed(
            f"{python} cannot make virtual environments; `sudo apt install {package}` adds that."
        )


def can_import(python: str, modules: str) -> bool:
    """Tell whether `python` can import the comma-separated `modules`."""
    code = f"import {modules}"
    return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0


def require_compiler(
    environ: Mapping[str, str], which: Callable[[str], str | None] = shutil.which
) -> None:
    """Raise SetupFailed unless there is a C and a C++ compiler."""
    for chosen, usual in (("CC", ("cc", "gcc", "clang")), ("CXX", ("c++", "g++", "clang++"))):
        commands = (environ[chosen].split()[0],) if environ.get(chosen, "").strip() else usual
        if not any(which(command) for command in commands):
            raise SetupFailed(
                "The model runtime is built here and needs a C++ compiler "
                "({} not found); `sudo apt install g++` adds one.".format(" or ".join(commands))
            )


def require_space(folder: Path, size: int, free: int) -> None:
    """Raise SetupFailed unless `free`, the bytes free in `folder`, are at least `size`."""
    if free < size:
        raise SetupFailed(
            f"{folder} needs {size / 1e9:.1f} GB of free space and has {free / 1e9:.1f} GB; "
            "make room and run the same command again."
        )


def free_space(folder: Path) -> int:
    """Return the bytes free where `folder` is, or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def wheel_key(requirement: str, machine: str, libc: str, flags: Iterable[str], options: str) -> str:
    """Name the cached wheel: what differs between two machines that cannot share one is in it.

    The wheel is built for this processor's instructions (`flags`) and links against `libc`; it
    works under every Python. `requirement` pins the source, `options` are those of the build.
    """
    facts = "\n".join([requirement, libc, options, *sorted(set(flags))])
    version = requirement.split("==")[1].split()[0]
    return f"{version}-{machine}-{hashlib.sha256(facts.encode()).hexdigest()[:12]}"


def cpu_flags(cpuinfo: str) -> list[str]:
    """Return the instruction sets of the first processor in the text of /proc/cpuinfo."""
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return value.split()
    return cpuinfo.split()


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return where built wheels are kept, outside of every checkout."""
    base = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "slm-lsp" / "wheels"
