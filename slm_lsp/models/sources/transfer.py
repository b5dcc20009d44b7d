"""Bringing a large file here so that an interruption costs little.

What has arrived lies in the target. A note beside it, `<target>.note`, says which version of the
source's file that is the beginning of, and how many bytes of it are on the disk for certain: after
a power failure the last ones may be zeros. So the note is what counts, not the target's length.
"""

from __future__ import annotations

import contextlib
import os
import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from slm_lsp.errors import TransferInterrupted
from slm_lsp.models import record
from slm_lsp.models.directory import require_space

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import FileIO
    from pathlib import Path

    from slm_lsp.models.directory import Progress

CHUNK = 1024 * 1024

CHECKPOINT = 32 * CHUNK
"""Bytes after which what has arrived is brought to the disk, and noted."""

ATTEMPTS = 4
"""How often in a row a source may break off before it has sent another `CHUNK`."""

PAUSE_S = 1.0
"""Seconds before the second attempt; each pause is twice the last one."""


class Stream(NamedTuple):
    """The bytes from `start` on of a file of `total` bytes, in one `version` of that file.

    An empty `version` means that nothing tells it from another one. `read` is asked for a number of
    bytes and returns the next ones, none at the end.
    """

    start: int
    total: int
    version: str
    read: Callable[[int], bytes]


class Remote(Protocol):
    """A file somewhere else."""

    def open(self, start: int, version: str) -> AbstractContextManager[Stream]:
        """Open it from `start` on if it still is `version`, and from 0 if not.

        Opening and reading raise TransferInterrupted where trying again may help, and PullFailed
        where not.
        """


class _Note(msgspec.Struct, frozen=True):
    version: str = ""
    total: int = -1
    kept: int = 0


def fetch(remote: Remote, target: Path, progress: Progress) -> None:
    """Complete `target`, from where an earlier attempt ended if that is possible.

    Raises TransferInterrupted when the source breaks off for good, PullFailed, StoreError where
    there is too little space, OSError for the disk. What has arrived then stays.
    """
    fruitless = 0
    while (note := _read(target)).kept != note.total:
        try:
            _continue(remote, target, note, progress)
        except TransferInterrupted:
            fruitless = 0 if _read(target).kept >= note.kept + CHUNK else fruitless + 1
            if fruitless == ATTEMPTS:
                raise
            progress("interrupted, trying again", 0, 0)
            time.sleep(PAUSE_S * 2 ** max(0, fruitless - 1))


def _continue(remote: Remote, target: Path, before: _Note, progress: Progress) -> None:
    with remote.open(before.kept, before.version) as stream:
        require_space(stream.total - stream.start)
        note = _Note(stream.version, stream.total, stream.start)
        with target.open("r+b" if target.exists() else "wb", buffering=0) as file:
            if stream.start == 0:
                _path(target).unlink(missing_ok=True)  # it is about what is overwritten now
            file.truncate(stream.start)
            file.seek(stream.start)
            try:
                _receive(stream, file, target, note, progress)
            finally:
                with contextlib.suppress(OSError):  # the disk may be full; the last note holds
                    _keep(file, target, note)
    if (ended := _read(target).kept) < stream.total:
        raise TransferInterrupted(
            f"The source broke off after {ended} of {stream.total} bytes; what has arrived is "
            "kept, and the same command goes on from there."
        )


def _receive(stream: Stream, file: FileIO, target: Path, note: _Note, progress: Progress) -> None:
    noted = done = stream.start
    while done < stream.total and (chunk := stream.read(min(CHUNK, stream.total - done))):
        rest = memoryview(chunk)[: stream.total - done]
        done += len(rest)
        while rest:  # without a buffer, a disk that fills up takes what it can
            rest = rest[file.write(rest) :]
        progress("download", done, stream.total)
        if done - noted >= CHECKPOINT:
            _keep(file, target, note)
            noted = done


def _keep(file: FileIO, target: Path, note: _Note) -> None:
    """Bring what was written to the disk, then note it; without a version it could not be used."""
    os.fsync(file.fileno())
    kept = file.tell()
    if note.version or kept == note.total:
        record.replace(_path(target), msgspec.json.encode(msgspec.structs.replace(note, kept=kept)))


def _read(target: Path) -> _Note:
    try:
        note = msgspec.json.decode(_path(target).read_bytes(), type=_Note)
        return note if 0 <= note.kept <= target.stat().st_size else _Note()
    except (OSError, ValueError, RecursionError):
        return _Note()


def _path(target: Path) -> Path:
    return target.with_name(target.name + ".note")
