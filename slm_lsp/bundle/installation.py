"""Installing a bundle: a virtual environment of its own, the model into the store, editors' parts.

What was there before stays in use until everything new is complete; then a link changes in one
step. However an installation ends, nothing is left half done.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from slm_lsp.bundle import (
    checksums,
    editors,
    fitness,
    manifest,
    signature,
)
from slm_lsp.bundle.manifest import WHEELS, Manifest
from slm_lsp.bundle.signature import last_words
from slm_lsp.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.bundle.install_paths import InstallPaths

Say = Callable[[str], None]
"""Told what is done, in sentences."""


def verify(bundle: Path, signers: Path | None) -> tuple[int, str]:
    """Return how many files there are, all as they were made, and who has signed that.

    Without `signers` no signature is looked at, and the name is empty. Raises BundleError.
    """
    name = signature.check(bundle, signers) if signers else ""
    return checksums.verify(bundle), name


def install(bundle: Path, place: InstallPaths, environ: Mapping[str, str], say: Say) -> None:
    """Install what is in the folder `bundle`, which `verify` has looked at. Raises BundleError."""
    about = manifest.read(bundle)
    fitness.require_machine(about)
    fitness.require_space(bundle, about, place)
    own = _own(environ)
    try:
        with _changing(place):
            with _new_environment(place, about.version, own) as environment:
                say(f"Installing slm-lsp {about.version} into {environment}")
                _install_packages(bundle, about, environment, own)
                _install_model(bundle, about, environment, own, say)
                _switch(place.server, environment)
            _link_program(place, environ, say)
            _remove_others(place, say)
        for sentence in editors.install(bundle, place):
            say(sentence)
    except OSError as error:
        raise BundleError(f"slm-lsp could not be installed: {error}.") from error


def uninstall(place: InstallPaths, say: Say) -> None:
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


@contextlib.contextmanager
def _changing(place: InstallPaths) -> Iterator[None]:
    """Let one process at a time change what is installed."""
    place.server.parent.mkdir(parents=True, exist_ok=True)
    with (place.server.parent / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BundleError("Another process is installing slm-lsp; wait for it.") from error
        yield


@contextlib.contextmanager
def _new_environment(
    place: InstallPaths, version: str, environ: Mapping[str, str]
) -> Iterator[Path]:
    """Make an empty virtual environment, gone again where what follows fails."""
    place.versions.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{version}-", dir=place.versions))
    try:
        # Without pip, because Debian's Python cannot add it unless python3-venv is installed.
        _run([sys.executable, "-m", "venv", "--without-pip", folder], environ)
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _own(environ: Mapping[str, str]) -> dict[str, str]:
    """Leave out what Python and pip are set up to do on this machine: it is not for this.

    The path of the wheel that this runs out of is among it.
    """
    foreign = ("PIP_", "PYTHON")
    kept = {name: value for name, value in environ.items() if not name.startswith(foreign)}
    return kept | {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def _install_packages(
    bundle: Path, about: Manifest, environment: Path, environ: Mapping[str, str]
) -> None:
    wheels = bundle / WHEELS
    pip = next(wheels.glob("pip-*.whl")) / "pip"  # a wheel is a zip, which Python can run
    command = [environment / "bin" / "python", pip, "install", "--no-index", "--find-links", wheels]
    options = ["--no-cache-dir", "--no-input", "--quiet", "pip", f"slm-lsp=={about.version}"]
    _run([*command, *options], environ)


def _install_model(
    bundle: Path, about: Manifest, environment: Path, environ: Mapping[str, str], say: Say
) -> None:
    if about.model is None:
        return
    say(f"Taking in the model {about.model.name}, and measuring it on this machine")
    program, file = environment / "bin" / "slm-lsp", bundle / about.model.file
    name, take_in = about.model.name, [program, "models", "import"]
    if file.suffix == ".whl" or about.model.pulled:
        _run([program, "models", "pull", name, "--from", file.parent], environ)
    elif about.model.adapter:
        base = f"{name}-base"
        _run([*take_in, file, "--name", base], environ)
        _run([*take_in, bundle / about.model.adapter, "--base", base, "--name", name], environ)
    else:
        _run([*take_in, file, "--name", name], environ)
    if about.model.use:
        _run([program, "models", "use", name], environ)


def _run(command: Sequence[object], environ: Mapping[str, str]) -> None:
    """Run it where no file of somebody else's is taken for a module of Python's."""
    words = [str(word) for word in command]
    ended = subprocess.run(
        words,
        cwd=Path(words[0]).parent,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if ended.returncode != 0:
        raise BundleError(f"slm-lsp could not be installed: {last_words(ended)}")


def _switch(link: Path, target: Path) -> None:
    """Make `link` lead to `target`, in one step."""
    new = link.with_name(f".{link.name}-new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)


def _link_program(place: InstallPaths, environ: Mapping[str, str], say: Say) -> None:
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


def _remove_others(place: InstallPaths, say: Say) -> None:
    used = place.server.resolve()
    if others := [folder for folder in place.versions.iterdir() if folder.resolve() != used]:
        _stop_engines(place)  # they run out of these folders; a server starts a new one
        for folder in others:
            shutil.rmtree(folder, ignore_errors=True)
        say("Restart open editors: they run the server that was here before.")


def _stop_engines(place: InstallPaths) -> None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        command = [str(place.server / "bin" / "slm-lsp"), "engine", "stop"]
        subprocess.run(command, capture_output=True, check=False, timeout=30)
