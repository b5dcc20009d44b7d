"""Processes that read files and find what they define, side by side.

tree-sitter holds the interpreter's lock while it parses, so threads would not do.
"""

from __future__ import annotations

import functools
import itertools
import multiprocessing
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from slm_lsp.context.secrets import masked
from slm_lsp.index import files
from slm_lsp.syntax.symbols import Symbol, symbols

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.pool import Pool
    from pathlib import Path

    from slm_lsp.index.files import SourceFile

MOST = 2
"""Processes at most: each takes some 40 MB, and the index is in no hurry."""

FEW = 16
"""So many files are read without starting processes."""

PATIENCE_S = 60.0
"""Seconds until files that give no answer count as ones that break their parser."""

CHUNK = 8
"""Files handed to a process at a time."""

Found = tuple["SourceFile", tuple[Symbol, ...]]


def symbols_in(root: Path, file: SourceFile) -> Found:
    """Return `file` with what it defines; none for one that no person wrote. Secrets are masked."""
    source = files.read(root, file)
    return file, _masked(symbols(source, file.language)) if source else ()


class Readers:
    """Processes for the files below `root`: started when needed, ended with the context."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._pool: Pool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, batch: Sequence[SourceFile]) -> Iterator[Found]:
        """Yield each file of `batch` once, with what it defines, in any order."""
        chunks = [batch[at : at + CHUNK] for at in range(0, len(batch), CHUNK)]
        read = functools.partial(_symbols_in_all, self._root)
        if len(batch) <= FEW:
            yield from itertools.chain.from_iterable(map(read, chunks))
            return
        if self._pool is None:
            count = min(MOST, os.cpu_count() or 1)
            self._pool = multiprocessing.get_context("fork").Pool(count)
        answers = self._pool.imap_unordered(read, chunks)
        missing = set(batch)
        for _ in chunks:
            try:
                found = answers.next(PATIENCE_S)
            except multiprocessing.TimeoutError:  # a process crashed, or parses without an end
                self._end()
                break
            missing.difference_update(file for file, _ in found)
            yield from found
        yield from ((file, ()) for file in missing)

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None


def _symbols_in_all(root: Path, chunk: Sequence[SourceFile]) -> list[Found]:
    return [symbols_in(root, file) for file in chunk]


def _masked(found: tuple[Symbol, ...]) -> tuple[Symbol, ...]:
    """Hide the secrets in `found`; most files have none, which a look at one long line tells."""
    text = " \0 ".join(
        part for symbol in found for part in (symbol.signature, *symbol.fields, symbol.doc)
    )
    if masked(text) == text:
        return found
    return tuple(
        replace(
            symbol,
            signature=masked(symbol.signature),
            fields=tuple(map(masked, symbol.fields)),
            doc=masked(symbol.doc),
        )
        for symbol in found
    )
