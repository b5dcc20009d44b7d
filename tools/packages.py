"""Published packages, fetched with pip, npm or apt as the user has set them up, and checked."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tools.machine import SetupFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Kind = Literal["npm", "wheel", "source", "deb"]
"""An npm package, a Python wheel, the source archive of one, or a package of Debian."""

_DEB = b"!<arch>\n"
"""What an archive of Debian's begins with."""

_STAND_IN = Path(__file__).with_name("build_stand_in.py")

BACKENDS = (
    "flit_core/buildapi.py",
    "hatchling/build.py",
    "maturin.py",
    "setuptools/build_meta.py",
    "uv_build.py",
)
"""Modules that source archives name as the ones that build them."""


def fetch(kind: Kind, name: str, version: str, sha256: str, cache: Path) -> Path:
    """Return the archive, from `cache` if it is there. Raises SetupFailed."""
    kept = cache / sha256
    if kept.exists():
        return kept
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=cache) as work:
        found = download(kind, name, version, Path(work))
        if hashlib.sha256(found.read_bytes()).hexdigest() != sha256:
            raise SetupFailed(
                f"{name} {version} is not the file whose hash is known; check the registry that "
                "pip, npm and apt are set up for."
            )
        return found.replace(kept)


def download(kind: Kind, name: str, version: str, work: Path) -> Path:
    """Return the archive, below the empty folder `work`; the newest without a `version`.

    It is not checked. Raises SetupFailed.
    """
    folder = work / "got"
    folder.mkdir()
    if kind == "npm":
        packing = ["npm", "pack", "--ignore-scripts", "--pack-destination", str(folder)]
        _run([*packing, f"{name}@{version}" if version else name], work)
    elif kind == "deb":
        _run(["apt-get", "download", f"{name}={version}" if version else name], folder)
    else:
        _pip(kind, f"{name}=={version}" if version else name, work, folder)
    found = list(folder.iterdir())
    if len(found) != 1:
        raise SetupFailed(f"{name} {version} came as {len(found)} files instead of one.")
    return found[0]


def texts(archive: Path) -> Iterator[tuple[str, str]]:
    """Yield path and text of every UTF-8 file in `archive`, line ends as they are.

    The folder that holds all of a tarball is left off.
    """
    for name, content in _members(archive):
        try:
            yield name, content.decode("utf-8-sig")
        except UnicodeDecodeError:
            continue


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                yield name, wheel.read(name)
        return
    with archive.open("rb") as content:
        beginning = content.read(len(_DEB))
    if beginning == _DEB:
        yield from _members_of_deb(archive)
        return
    with tarfile.open(archive) as tarball:
        for member in tarball:
            if (file := tarball.extractfile(member)) is not None:
                yield member.name.partition("/")[2], file.read()


def _members_of_deb(archive: Path) -> Iterator[tuple[str, bytes]]:
    command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
    unpacked = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as tarball:
        for member in tarball:
            file = tarball.extractfile(member) if member.isreg() else None
            if file is not None:
                yield member.name[2:], file.read()  # they begin with `./`


def _pip(kind: Kind, requirement: str, work: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir"]
    if kind == "wheel":
        _run([*command, "--only-binary=:all:", "--dest", str(folder), requirement], work)
        return
    for backend in BACKENDS:
        module = work / "backends" / backend
        module.parent.mkdir(parents=True, exist_ok=True)
        (module.parent / "__init__.py").touch()  # or an installed package would come before it
        shutil.copy(_STAND_IN, module)
    options = ["--no-binary=:all:", "--no-build-isolation", "--use-pep517"]
    environ = os.environ | {"PYTHONPATH": str(work / "backends")}
    _run([*command, *options, "--dest", str(folder), requirement], work, environ)


def _run(command: Sequence[str], work: Path, environ: dict[str, str] | None = None) -> None:
    try:
        subprocess.run(command, cwd=work, env=environ, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise SetupFailed(f"{command[0]} is missing; install it and run this again.") from None
    except subprocess.CalledProcessError as error:
        reasons = [line for line in str(error.stderr).splitlines() if "error" in line.lower()]
        reason = reasons[-1] if reasons else f"exit code {error.returncode}"
        raise SetupFailed(f"{command[-1]} could not be fetched: {reason}") from None
