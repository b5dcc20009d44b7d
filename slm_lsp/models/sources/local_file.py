"""A file in a folder of this machine, or mounted there."""

from __future__ import annotations

import contextlib
import fcntl
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.errors import TransferInterrupted
from slm_lsp.models.sources import transfer
from slm_lsp.models.sources.transfer import Stream
from slm_lsp.text.terminal import encodable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.models.directory import Progress

_FICLONE = 0x40049409
"""Linux's request to let a file share another one's blocks until either of them is changed."""


class LocalFile(msgspec.Struct, frozen=True):
    """A file that can be opened by its path."""

    path: Path

    @contextlib.contextmanager
    def open(self, start: int, version: str) -> Iterator[Stream]:
        """Do what `Remote` says; the version is the file's place, size and time."""
        with self._errors():
            file = self.path.open("rb", buffering=0)
        with file:
            seen = self.path.stat()
            now = f"{encodable(str(self.path))} {seen.st_size} {seen.st_mtime_ns}"
            start = start if version == now else 0
            file.seek(start)

            def read(most: int) -> bytes:
                with self._errors():
                    return file.read(most)

            yield Stream(start, seen.st_size, now, read)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # which is not the store's, as it would look otherwise
            raise TransferInterrupted(f"{self.path} cannot be read ({error}).") from error


def bring(source: Path, target: Path, kept: Path, progress: Progress) -> Path:
    """Return a file in the store with the content of `source`: linked, or copied where it must be.

    A hard link and shared blocks, at `target`, cost no space and no time. A copy grows in `kept`,
    under the target's name, so that it can go on later. Raises TransferInterrupted, StoreError
    where there is too little space, OSError for the disk.
    """
    for way in (_link, _clone):
        with contextlib.suppress(OSError):
            way(source, target)
            return target
        target.unlink(missing_ok=True)
    copy = kept / target.name
    transfer.fetch(LocalFile(source), copy, progress)
    return copy


def _link(source: Path, target: Path) -> None:
    target.hardlink_to(source)


def _clone(source: Path, target: Path) -> None:
    with source.open("rb") as old, target.open("wb") as new:
        fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
