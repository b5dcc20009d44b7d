"""Changing the store: one process at a time, in a workplace that leaves no traces."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from slm_lsp.errors import ModelForbidden, ModelUnusable, NameTaken, StoreError, WrongChecksum
from slm_lsp.store import record

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
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ""
    return " Make room and run the same command again: it goes on where it was."


@contextlib.contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another process that changes the store", 0, 0)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
