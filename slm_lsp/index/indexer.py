"""The process that keeps one workspace's index: `python -m slm_lsp.index.indexer ROOT`.

It looks at the files whose paths come on stdin, as JSON lists, one a line; an empty list means
every file. It reports on stdout, one line of JSON each, and ends with its input, or when nothing
came for `IDLE_S`. It is a process of its own so that the server's memory and interpreter stay free,
and it has the lowest priority there is.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import select
import sqlite3
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil

from slm_lsp.index import files
from slm_lsp.index.client import Report
from slm_lsp.index.database import Database, database_path, discard
from slm_lsp.index.files import IGNORE_FILES
from slm_lsp.index.readers import Readers, symbols_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slm_lsp.index.files import SourceFile

IDLE_S = 60.0
"""Seconds without anything to do after which the process leaves."""

BATCH_FILES = 256
"""Files looked at in one transaction."""

REPORT_S = 0.5
"""Seconds between two reports of a run that takes long."""

LOCK_WAIT_S = 0.2
"""Seconds between two tries to be the only process that writes."""

TRIES = 2
"""A run whose database turns out to be damaged is made again with a new one, once."""


def main() -> None:
    """Index until there is nothing left to do."""
    root = Path(sys.argv[1])
    _stand_back()
    for paths in _jobs():
        for report in run(root, paths):
            sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
            sys.stdout.buffer.flush()


def run(root: Path, paths: Sequence[str] = ()) -> Iterator[Report]:
    """Bring the index of `root` up to date, as to `paths` (absolute) or, without any, as a whole.

    Only one process does so at a time; further ones wait, and find most of it done. Yields a report
    every now and then, and a last one. Never raises sqlite3.Error or OSError.
    """
    database = database_path(root)
    for attempt in range(1, TRIES + 1):
        try:
            with _alone(database), _open(database) as index:
                partly = paths and not index.is_new
                yield from _update(index, root, paths) if partly else _build(index, root)
        except (sqlite3.Error, OSError) as error:
            if attempt == TRIES:
                yield Report("failed", 0, 0, f"{type(error).__name__}: {error}")
            else:
                with suppress(OSError):
                    discard(database)
        else:
            return


def _build(index: Database, root: Path) -> Iterator[Report]:
    seen: set[int] = set()
    read = 0
    reported = time.monotonic()
    with Readers(root) as readers:
        for batch in _batches(files.source_files(root), BATCH_FILES):
            held = {file: index.holds(file) for file in batch}
            seen.update(number for number in held.values() if number is not None)
            for file, found in readers.read([it for it, number in held.items() if number is None]):
                seen.add(index.put(file, found))
                read += 1
            index.commit()
            if time.monotonic() - reported > REPORT_S:
                reported = time.monotonic()
                yield Report("running", len(seen), read)
    index.keep_only(seen)
    index.commit()
    yield Report("done", len(seen), read)


def _update(index: Database, root: Path, paths: Sequence[str]) -> Iterator[Report]:
    read = 0
    for path in map(Path, paths):
        file = files.find(root, path)
        if file is None:
            if root in path.parents:
                index.remove(path.relative_to(root).as_posix())
        elif index.holds(file) is None:
            index.put(*symbols_in(root, file))
            read += 1
    index.commit()
    yield Report("done", len(paths), read)


def _batches(found: Iterator[SourceFile], size: int) -> Iterator[list[SourceFile]]:
    while batch := list(itertools.islice(found, size)):
        yield batch


def _jobs() -> Iterator[list[str]]:
    """Yield what is asked for on stdin, until there is no more; an empty list is everything."""
    pending = b""
    while select.select([0], [], [], IDLE_S)[0] and (data := os.read(0, 1 << 16)):
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            paths = msgspec.json.decode(line, type=list[str])
            whole = any(Path(path).name in IGNORE_FILES for path in paths)
            yield [] if whole else paths


@contextmanager
def _open(path: Path) -> Iterator[Database]:
    index = Database(path)
    try:
        yield index
    finally:
        index.close()


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """Wait until no other process writes to `database`."""
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with database.with_suffix(".lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(LOCK_WAIT_S)
        yield


def _stand_back() -> None:
    """Give way to everything else on the machine."""
    os.nice(19)
    with suppress(psutil.Error, AttributeError, OSError):
        psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)


if __name__ == "__main__":
    main()
