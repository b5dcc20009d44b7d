"""Where the counts are kept: one small SQLite file for all servers of a user.

Its rows are a language, an event and a number. Each write is one transaction, so servers that write
at the same time add up, and one that is killed leaves what was there before.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

import platformdirs

from slm_lsp.errors import UsageUnavailable
from slm_lsp.usage.recorder import Count

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WAIT_S = 2.0
"""Seconds to wait for another server that is writing."""

OTHER = "other"
"""Takes the counts of languages whose ids do not look like one: an id is no place for text."""

_LANGUAGE = re.compile(r"[\w+#.-]{1,40}", re.ASCII)

_TABLE = """
    CREATE TABLE IF NOT EXISTS counts (
        language TEXT, event TEXT, n INTEGER, PRIMARY KEY (language, event)
    )
"""

_ADD = """
    INSERT INTO counts VALUES (?, ?, ?)
    ON CONFLICT (language, event) DO UPDATE SET n = n + excluded.n
"""


def usage_path() -> Path:
    """Return the file that holds the figures, whether or not it exists."""
    return platformdirs.user_state_path("slm-lsp") / "usage.db"


def add(counts: Mapping[Count, int], path: Path) -> None:
    """Add `counts` to the file. What is no usage file is put aside and a new one begun.

    Raises UsageUnavailable; nothing was added then.
    """
    try:
        try:
            _add(counts, path)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            path.replace(path.with_name(f"{path.name}.damaged"))
            _add(counts, path)
    except (OSError, sqlite3.Error) as error:
        raise _unavailable(path, error) from error


def read(path: Path) -> Counter[Count]:
    """Return everything counted so far, nothing where there is no file. Raises UsageUnavailable."""
    if not path.exists():
        return Counter()
    try:
        with closing(_connect(path, "ro")) as database:
            rows = database.execute("SELECT language, event, n FROM counts").fetchall()
    except (OSError, sqlite3.Error) as error:
        raise _unavailable(path, error) from error
    return Counter({Count(str(language), str(event)): int(n) for language, event, n in rows})


def erase(path: Path) -> None:
    """Remove all figures, damaged ones too. Raises UsageUnavailable."""
    try:
        for name in (path.name, f"{path.name}-journal", f"{path.name}.damaged"):
            path.with_name(name).unlink(missing_ok=True)
    except OSError as error:
        raise _unavailable(path, error) from error


def _add(counts: Mapping[Count, int], path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    rows = [
        (count.language if _LANGUAGE.fullmatch(count.language) else OTHER, count.event, n)
        for count, n in counts.items()
    ]
    with closing(_connect(path, "rw")) as database, database:
        database.execute("BEGIN IMMEDIATE")
        database.execute(_TABLE)
        database.executemany(_ADD, rows)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=WAIT_S, isolation_level=None)


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    damage = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)
    return error.sqlite_errorcode & 0xFF in damage  # extended codes have more above


def _unavailable(path: Path, error: Exception) -> UsageUnavailable:
    return UsageUnavailable(
        f"The figures in {path} cannot be used ({error}); `slm-lsp stats --erase` begins anew."
    )
