"""Installing a bundle: a virtual environment of its own, the model into the store, editors' parts.

What was there before stays in use until everything new is complete; then a link changes in one
step. However an installation ends, nothing is left half done.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from slm_lsp.bundle import checksums, editors, manifest, signature
from slm_lsp.bundle.manifest import WHEELS, Manifest
from slm_lsp.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.bundle.place import Place

Say = Callable[[str], None]
"""Told what is done, in sentences."""

COMPILED = 1.3
"""What Python's compiled files add to unpacked packages, and some room."""

SYSTEMS = {"Linux": "linux", "Darwin": "macos"}


def verify(bundle: Path, signers: Path | None) -> tuple[int, str]:
    """Return how many files there are, all as they were made, and who has signed that.

    Without `signers` no signature is looked at, and the name is empty. Raises BundleError.
    """
    name = signature.check(bundle, signers) if signers else ""
    return checksums.verify(bundle), name


def install(bundle: Path, place: Place, environ: Mapping[str, str], say: Say) -> None:
    """Install what is in the folder `bundle`, which `verify` has looked at. Raises BundleError."""
    about = manifest.read(bundle)
    check_fit(about, this_platform(), this_python(), platform.libc_ver()[1])
    require_space(bundle, about, place)
    try:
        with _changing(place):
            with _new_environment(place, about.version) as environment:
                say(f"Installing slm-lsp {about.version} into {environment}")
                _install_packages(bundle, about, environment, environ)
                _install_model(bundle, about, environment, environ, say)
                _switch(place.server, environment)
            _link_program(place, environ, say)
            _remove_others(place)
        for sentence in editors.install(bundle, place):
            say(sentence)
    except OSError as error:
        raise BundleError(f"slm-lsp could not be installed: {error}.") from error


def uninstall(place: Place, say: Say) -> None:
    """Remove what `install` has made; models and settings stay. Raises BundleError."""
    try:
        with _changing(place):
            if not place.versions.exists():
                raise BundleError(f"No bundle is installed in {place.server.parent}.")
            _stop_engines(place)
            if _leads_to(place.program, place.server):
                place.program.unlink()
            place.server.unlink(missing_ok=True)
            shutil.rmtree(place.versions)
            say(f"Removed slm-lsp from {place.server.parent}.")
        for sentence in editors.uninstall(place):
            say(sentence)
    except OSError as error:
        raise BundleError(f"slm-lsp could not be removed: {error}.") from error


def this_platform() -> str:
    """Name this machine as `targets.PLATFORMS` does."""
    system = SYSTEMS.get(platform.system(), platform.system().lower())
    return f"{system}-{platform.machine().lower()}"


def this_python() -> str:
    """Return the version of the Python that runs, such as `3.12`."""
    return "{}.{}".format(*sys.version_info[:2])


def check_fit(about: Manifest, machine: str, python: str, glibc: str) -> None:
    """Raise BundleError where the bundle was made for other machines. `glibc` may be unknown."""
    if machine not in about.platforms:
        raise BundleError(f"This bundle is for {_any(about.platforms)}, and this machine is {machine}.")
    if python not in about.pythons:
        raise BundleError(
            f"This bundle is for Python {_any(about.pythons)}, and this is Python {python}; "
            "`slm-lsp bundle create --python` makes one for others."
        )
    oldest = about.glibc.get(machine, "")
    if oldest and glibc and _numbers(glibc) < _numbers(oldest):
        raise BundleError(
            f"The engine in this bundle needs glibc {oldest} or newer, and this machine has {glibc}; "
            "build the engine on a system as old as this one."
        )


def require_space(bundle: Path, about: Manifest, place: Place) -> None:
    """Raise BundleError unless the packages have room when they are unpacked."""
    packed = [path for path in (bundle / WHEELS).glob("*.whl") if not _is_model(path, about)]
    size = 0
    for path in packed:
        with zipfile.ZipFile(path) as wheel:
            size += sum(member.file_size for member in wheel.infolist())
    needed, folder = int(size * COMPILED), place.versions
    while not folder.exists():
        folder = folder.parent
    if (free := shutil.disk_usage(folder).free) < needed:
        raise BundleError(
            f"{place.versions} needs {needed // 10**6} MB of free space and has {free // 10**6} MB; "
            "make room, or set XDG_DATA_HOME to a folder on another disk."
        )


def _is_model(wheel: Path, about: Manifest) -> bool:
    return about.model is not None and wheel.name == Path(about.model.file).name


@contextlib.contextmanager
def _changing(place: Place) -> Iterator[None]:
    """Let one process at a time change what is installed."""
    place.server.parent.mkdir(parents=True, exist_ok=True)
    with (place.server.parent / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BundleError("Another process is installing slm-lsp; wait for it.") from error
        yield


@contextlib.contextmanager
def _new_environment(place: Place, version: str) -> Iterator[Path]:
    """Make an empty virtual environment, gone again where what follows fails."""
    place.versions.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{version}-", dir=place.versions))
    try:
        # Without pip, because Debian's Python cannot add it unless python3-venv is installed.
        _run([sys.executable, "-m", "venv", "--without-pip", folder], os.environ)
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _install_packages(
    bundle: Path, about: Manifest, environment: Path, environ: Mapping[str, str]
) -> None:
    wheels = bundle / WHEELS
    pip = next(wheels.glob("pip-*.whl")) / "pip"  # a wheel is a zip, which Python can run
    options = ["--no-index", "--find-links", wheels, "--no-cache-dir", "--no-input", "--quiet"]
    what = ["pip", f"slm-lsp=={about.version}"]
    # Whatever pip is set up to do on this machine, indexes or folders, is not for this.
    own = {name: value for name, value in environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    own |= {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    _run([environment / "bin" / "python", pip, "install", *options, *what], own)


def _install_model(
    bundle: Path, about: Manifest, environment: Path, environ: Mapping[str, str], say: Say
) -> None:
    if about.model is None:
        return
    say(f"Taking in the model {about.model.name}, and measuring it on this machine")
    program, file = environment / "bin" / "slm-lsp", bundle / about.model.file
    _run([program, "models", "import", file, "--name", about.model.name], environ)


def _run(command: list[str | Path], environ: Mapping[str, str]) -> None:
    """Run it where no file of somebody else's is taken for a module of Python's."""
    ended = subprocess.run(
        command,
        cwd=Path(command[0]).parent,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if ended.returncode != 0:
        lines = (ended.stderr or ended.stdout).decode("utf-8", "replace").strip().splitlines()
        reason = lines[-1] if lines else f"exit code {ended.returncode}"
        raise BundleError(f"slm-lsp could not be installed: {reason}")


def _switch(link: Path, target: Path) -> None:
    """Make `link` lead to `target`, in one step."""
    new = link.with_name(f".{link.name}-new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)


def _link_program(place: Place, environ: Mapping[str, str], say: Say) -> None:
    program, target = place.program, place.server / "bin" / "slm-lsp"
    if os.path.lexists(program) and not _leads_to(program, place.server):
        say(f"{program} is another program and stays; this one is {target}.")
        return
    program.parent.mkdir(parents=True, exist_ok=True)
    _switch(program, target)
    if str(program.parent) in environ.get("PATH", "").split(os.pathsep):
        say(f"slm-lsp is {program}, which is on the PATH.")
    else:
        say(f"slm-lsp is {program}; for a terminal, put {program.parent} on the PATH.")


def _leads_to(link: Path, folder: Path) -> bool:
    return link.is_symlink() and link.readlink().is_relative_to(folder)


def _remove_others(place: Place) -> None:
    used = place.server.resolve()
    for other in place.versions.iterdir():
        if other.resolve() != used:
            shutil.rmtree(other, ignore_errors=True)


def _stop_engines(place: Place) -> None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        command = [place.server / "bin" / "slm-lsp", "engine", "stop"]
        subprocess.run(command, capture_output=True, check=False, timeout=30)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _any(names: tuple[str, ...]) -> str:
    return " or ".join(names)
