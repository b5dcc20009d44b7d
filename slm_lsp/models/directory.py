"""Changing the store: one process at a time, in a workplace that leaves no traces.

Taking a model out of the user's own store, with whatever has arrived of it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from slm_lsp.errors import (
    ModelForbidden,
    ModelMissing,
    ModelShared,
    ModelUnusable,
    NameTaken,
    StoreError,
    WrongChecksum,
)
from slm_lsp.models import record

if TYPE_CHECKING:
    from collections.abc import Iterator

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, what is done and the total, in bytes; a total of 0 is unknown."""

_PREFIX = ".work-"

_UNFINISHED = ".unfinished"


@contextlib.contextmanager
def workplace(progress: Progress) -> Iterator[Path]:
    """Lock the store and yield an empty folder in it, so that moving from there is one step.

    Where another process holds the lock, `progress` hears so and the wait begins. The system
    releases the lock of a process that was killed; the next one removes what that one left.
    Raises StoreError where the store cannot be written or the disk fills up.
    """
    root = record.root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _locked(root / ".lock", progress):
            for left_over in root.glob(_PREFIX + "*"):
                shutil.rmtree(left_over, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=root) as work:
                yield Path(work)
    except OSError as error:
        raise StoreError(
            f"The model store {root} cannot be changed: {error}.{_advice(error)}"
        ) from error


def unfinished(name: str) -> Path:
    """Return the folder for what has arrived of the model `name`, which need not exist."""
    return record.root() / _UNFINISHED / name


@contextlib.contextmanager
def keeping(name: str) -> Iterator[Path]:
    """Yield `unfinished(name)`; what is in it stays after a failure, unless it is of no use.

    Only who holds the lock of `workplace` may do that.
    """
    kept = unfinished(name)
    kept.mkdir(parents=True, exist_ok=True)
    try:
        yield kept
    except (WrongChecksum, ModelUnusable, ModelForbidden, NameTaken):
        shutil.rmtree(kept)
        raise
    else:
        shutil.rmtree(kept)
    finally:
        with contextlib.suppress(OSError):  # they are not empty
            kept.rmdir()
        with contextlib.suppress(OSError):
            kept.parent.rmdir()


def unfinished_names() -> tuple[str, ...]:
    """Return the names of all models of which only a part has arrived."""
    return tuple(sorted(path.name for path in (record.root() / _UNFINISHED).glob("*")))


def require_space(size: int) -> None:
    """Raise StoreError unless `size` bytes are free in the store."""
    free = shutil.disk_usage(record.root()).free
    if free < size:
        raise StoreError(
            f"The model store {record.root()} needs {size // 10**6} MB of free space and has "
            f"{free // 10**6} MB; make room, or name another folder in {record.STORE_VARIABLE}."
        )


def _advice(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return " Make room and run the same command again: it goes on where it was."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f" Whoever owns it can; or name another folder in {record.STORE_VARIABLE}."
    return ""


@contextlib.contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another process that changes the store", 0, 0)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def remove(name: str, progress: Progress) -> int:
    """Remove the model `name`, sound or not, and return how many bytes its files had.

    Raises ModelMissing, ModelShared, or StoreError where the store cannot be written.
    """
    folders = (record.folder(name), unfinished(name)) if record.is_name(name) else ()
    if not any(folder.is_dir() for folder in folders):
        if folders and record.is_shared(name):
            raise ModelShared(
                f"'{name}' is in {record.place(name).parent}, a store for all users, which is "
                "only read here: who looks after that store can remove it there."
            )
        raise ModelMissing(f"There is nothing of a model '{name}' in {record.root()}.")
    with workplace(progress) as work:
        there = [folder for folder in folders if folder.is_dir()]  # now that nobody changes it
        size = sum(size_of(folder) for folder in there)
        for at, folder in enumerate(there):
            folder.rename(work / str(at))  # in one step: what is killed now leaves no half model
    return size


def size_of(folder: Path) -> int:
    """Return how many bytes the files in `folder` have."""
    size = 0
    for place, _folders, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):  # another process may be at work here
                size += Path(place, name).stat().st_size
    return size
