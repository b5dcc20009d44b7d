"""The symbols of a workspace in SQLite, one database for each workspace in the user's cache folder.

It holds nothing that could not be read again, so a damaged, locked or outdated one is thrown away.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import zlib
from contextlib import closing
from typing import TYPE_CHECKING

import platformdirs

from slm_lsp import __version__
from slm_lsp.syntax.languages import QUERIES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from slm_lsp.index.files import SourceFile
    from slm_lsp.syntax.symbols import Symbol

PATIENCE_S = 5.0
"""Seconds to wait for another process that writes."""

_SCHEMA = """
CREATE TABLE files (
    id INTEGER PRIMARY KEY, path TEXT UNIQUE NOT NULL, size INTEGER, modified INTEGER
);
CREATE TABLE symbols (
    file INTEGER, line INTEGER, name TEXT, kind TEXT, container TEXT, signature TEXT, fields TEXT,
    doc TEXT, PRIMARY KEY (file, line, name)
) WITHOUT ROWID;
CREATE INDEX symbols_by_name ON symbols (name) WHERE container = '';
"""


def database_path(root: Path) -> Path:
    """Return where the database of the workspace at `root` is, or will be."""
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    return folder() / f"{name}.sqlite"


def folder() -> Path:
    """Return the folder of all databases."""
    return platformdirs.user_cache_path("slm-lsp", appauthor=False) / "index"


class Database:
    """A connection that writes. Every method may raise sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        """Open the database at `path`; `is_new` if it was not there, or was of another version."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._connection = _opened(path)
        [version] = self._connection.execute("PRAGMA user_version").fetchone()
        self.is_new = version != fingerprint()
        if self.is_new:
            self._connection.close()
            discard(path)
            self._connection = _opened(path)
            self._connection.executescript(_SCHEMA)
            self._connection.execute(f"PRAGMA user_version = {fingerprint()}")

    def holds(self, file: SourceFile) -> int | None:
        """Return the number of `file` if it is there as it is, unchanged since."""
        row = self._connection.execute(
            "SELECT id FROM files WHERE path = ? AND size = ? AND modified = ?",
            (file.path, file.size, file.modified),
        ).fetchone()
        return row[0] if row else None

    def put(self, file: SourceFile, symbols: Iterable[Symbol]) -> int:
        """Put `symbols` in place of what was known of `file` and return its number."""
        self.remove(file.path)
        number = self._connection.execute(
            "INSERT INTO files (path, size, modified) VALUES (?, ?, ?)",
            (file.path, file.size, file.modified),
        ).lastrowid
        assert number is not None
        self._connection.executemany(
            "INSERT OR IGNORE INTO symbols VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            ((number, *_row(symbol)) for symbol in symbols),
        )
        return number

    def remove(self, path: str) -> None:
        """Forget the file at `path`, or all files below it."""
        below = (path, path + "/", path + "0")  # "0" is the character after "/"
        self._connection.execute(
            "DELETE FROM symbols WHERE file IN"
            " (SELECT id FROM files WHERE path = ? OR (path > ? AND path < ?))",
            below,
        )
        self._connection.execute(
            "DELETE FROM files WHERE path = ? OR (path > ? AND path < ?)", below
        )

    def keep_only(self, numbers: set[int]) -> None:
        """Forget every file but those of `numbers`."""
        paths = self._connection.execute("SELECT id, path FROM files")
        for path in [path for number, path in paths if number not in numbers]:
            self.remove(path)

    def commit(self) -> None:
        """Let others see what was written."""
        self._connection.commit()

    def close(self) -> None:
        """Leave out what was not committed."""
        self._connection.close()


def reading(path: Path, patience_s: float = PATIENCE_S) -> closing[sqlite3.Connection]:
    """Open the database at `path` to read it, in a `with`. Raises sqlite3.Error."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return closing(sqlite3.connect(uri, uri=True, timeout=patience_s))


def contents(path: Path) -> tuple[int, int]:
    """Return how many files and symbols the database at `path` holds. Raises sqlite3.Error."""
    with reading(path) as connection:
        [files] = connection.execute("SELECT count(*) FROM files").fetchone()
        [symbols] = connection.execute("SELECT count(*) FROM symbols").fetchone()
    return files, symbols


def discard(path: Path) -> None:
    """Remove the database at `path`; whoever has it open goes on with what is no longer there."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def fingerprint() -> int:
    """Return a number that changes with the program and its queries."""
    known = zlib.crc32(f"{__version__}{_SCHEMA}".encode())
    for query in sorted(QUERIES.glob("*/symbols.scm")):
        known = zlib.crc32(query.read_bytes(), known)
    return known & 0x7FFFFFFF


def _row(symbol: Symbol) -> tuple[int | str, ...]:
    """Return the columns of `symbols`, but for the first."""
    return (
        symbol.line,
        symbol.name,
        symbol.kind,
        symbol.container,
        symbol.signature,
        "\n".join(symbol.fields),
        symbol.doc,
    )


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=PATIENCE_S)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection
