"""Whether a bundle can be installed on this machine, asked before anything is changed."""

from __future__ import annotations

import platform
import shutil
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from slm_lsp.bundle.manifest import WHEELS, Manifest
from slm_lsp.errors import BundleError
from slm_lsp.platform import cpu_features

if TYPE_CHECKING:
    from slm_lsp.bundle.install_paths import InstallPaths

COMPILED = 1.3
"""What Python's compiled files add to unpacked packages, and some room."""

_SYSTEMS = {"Linux": "linux", "Darwin": "macos"}


def this_platform() -> str:
    """Name this machine as `targets.PLATFORMS` does."""
    system = _SYSTEMS.get(platform.system(), platform.system().lower())
    return f"{system}-{platform.machine().lower()}"


def this_python() -> str:
    """Return the version of the Python that runs, such as `3.12`."""
    return "{}.{}".format(*sys.version_info[:2])


def require_machine(
    about: Manifest,
    machine: str = "",
    python: str = "",
    glibc: str = "",
    missing: tuple[str, ...] = (),
) -> None:
    """Raise BundleError where the bundle was made for other machines than this one."""
    machine = machine or this_platform()
    python = python or this_python()
    glibc = glibc or platform.libc_ver()[1]
    missing = missing or cpu_features.missing_features()
    if machine not in about.platforms:
        raise BundleError(
            f"This bundle is for {_any(about.platforms)}, and this machine is {machine}."
        )
    if python not in about.pythons:
        raise BundleError(
            f"This bundle is for Python {_any(about.pythons)}, and this is Python {python}; "
            "`slm-lsp bundle create --python` makes one for others."
        )
    oldest = about.glibc.get(machine, "")
    if oldest and glibc and _numbers(glibc) < _numbers(oldest):
        raise BundleError(
            f"The engine in this bundle needs glibc {oldest} or newer, and this machine has "
            f"{glibc}; build the engine on a system as old as this one."
        )
    if missing:
        raise BundleError(cpu_features.complaint(missing))


def require_space(bundle: Path, about: Manifest, place: InstallPaths) -> None:
    """Raise BundleError unless the packages have room when they are unpacked."""
    size = 0
    for path in (bundle / WHEELS).glob("*.whl"):
        if about.model is None or path.name != Path(about.model.file).name:
            with zipfile.ZipFile(path) as wheel:
                size += sum(member.file_size for member in wheel.infolist())
    needed, folder = int(size * COMPILED), place.versions
    while not folder.exists():
        folder = folder.parent
    if (free := shutil.disk_usage(folder).free) < needed:
        raise BundleError(
            f"{place.versions} needs {needed // 10**6} MB of free space and has "
            f"{free // 10**6} MB; make room, or set XDG_DATA_HOME to a folder on another disk."
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _any(names: tuple[str, ...]) -> str:
    return " or ".join(names)
