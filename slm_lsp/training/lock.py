"""One training at a time in a folder: two would take each other's files for their own."""

from __future__ import annotations

import contextlib
import fcntl
from typing import TYPE_CHECKING

from slm_lsp.errors import TuneRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make `folder` and hold it. Raises TuneRefused where another process does, OSError.

    The system lets go of what a process that was killed has held.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TuneRefused(
                f"Another process is training in {folder}; wait for it, or take another name."
            ) from None
        yield
