r"""The text of a document as an immutable sequence of lines.

A line ends after `\n`, `\r\n` or a lone `\r`, as the Language Server Protocol defines it. Python's
`str.splitlines` also splits at form feeds and U+2028, which would shift every position below.
Lines keep their terminators, so joining them gives the text back unchanged. There is always at
least one line, and only the last one has no terminator.

Lines live in chunks of a few hundred. An edit copies the chunks it touches and the short tuple
that lists them, so its cost grows with the edit and not with the file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHUNK_LINES = 256
"""Lines in a fresh chunk: cut again above twice as many, joined below a quarter of it."""

_LONE_RETURN = re.compile(r"\r\Z")

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


def split_lines(text: str) -> list[str]:
    """Cut `text` after each line terminator; the last element, possibly empty, has none."""
    lines = _LINE.findall(text)
    if not lines or lines[-1][-1] in "\r\n":
        lines.append("")
    return lines


def content_length(line: str) -> int:
    """Return the number of code points of `line` before its terminator."""
    if line.endswith("\r\n"):
        return len(line) - 2
    return len(line) - 1 if line[-1:] in ("\n", "\r") else len(line)


class _Chunk:
    __slots__ = ("_source", "lines", "size")

    def __init__(self, lines: tuple[str, ...]) -> None:
        self.lines = lines
        self.size = _bytes(lines)
        self._source: bytes | None = None

    @property
    def source(self) -> bytes:
        """The chunk in UTF-8, with a line feed for every lone carriage return; made once."""
        if self._source is None:
            text = "".join(self.lines)
            if "\r" in text:
                text = "".join(_LONE_RETURN.sub("\n", line) for line in self.lines)
            self._source = text.encode()
        return self._source


class Lines:
    """An immutable sequence of lines; see the module's docstring for the guarantees."""

    __slots__ = ("_byte_starts", "_chunks", "_line_starts")

    def __init__(self, chunks: Sequence[_Chunk]) -> None:
        self._chunks = tuple(chunks)
        self._line_starts = (0, *accumulate(len(chunk.lines) for chunk in self._chunks))
        self._byte_starts = (0, *accumulate(chunk.size for chunk in self._chunks))

    @classmethod
    def of(cls, text: str) -> Lines:
        """Cut `text`, which must be valid Unicode (no lone surrogates), into lines."""
        return cls(_cut(split_lines(text)))

    def __len__(self) -> int:
        return self._line_starts[-1]

    def __getitem__(self, line: int) -> str:
        if not 0 <= line < len(self):
            raise IndexError(line)
        at = bisect_right(self._line_starts, line) - 1
        return self._chunks[at].lines[line - self._line_starts[at]]

    def __iter__(self) -> Iterator[str]:
        for chunk in self._chunks:
            yield from chunk.lines

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lines) and list(self) == list(other)

    def __hash__(self) -> int:
        raise TypeError("Lines is too large to be hashed")

    @property
    def size(self) -> int:
        """The length of the whole text in UTF-8 bytes."""
        return self._byte_starts[-1]

    def text(self) -> str:
        """Return the whole text. Its cost grows with the file: never on the path of a keystroke."""
        return "".join(self)

    def slice(self, start: int, end: int) -> list[str]:
        """Return the lines from `start` up to but not including `end`, both clamped to the text."""
        start, end = max(0, start), min(end, len(self))
        at = bisect_right(self._line_starts, start) - 1
        found: list[str] = []
        while start + len(found) < end:
            first = self._line_starts[at]
            found += self._chunks[at].lines[start + len(found) - first : end - first]
            at += 1
        return found

    def byte_offset(self, line: int) -> int:
        """Return where `line` begins, in UTF-8 bytes from the start of the text."""
        at = min(bisect_right(self._line_starts, line), len(self._chunks)) - 1
        return self._byte_starts[at] + _bytes(
            self._chunks[at].lines[: line - self._line_starts[at]]
        )

    def same_around(self, other: Lines, head: int, tail: int) -> bool:
        """Tell whether the first `head` and the last `tail` lines are those of `other`.

        Chunks that both have are not looked into. Where more than a few chunks differ, as an edit
        at one place never makes it, the answer is no without looking.
        """
        ours, theirs = self._chunks, other._chunks
        pairs = zip(ours, theirs, strict=False)
        first = next(
            (n for n, (a, b) in enumerate(pairs) if a is not b), min(len(ours), len(theirs))
        )
        backwards = zip(reversed(ours), reversed(theirs), strict=False)
        last = next((n for n, (a, b) in enumerate(backwards) if a is not b), 0)
        above = self._line_starts[first]
        below = sum(len(chunk.lines) for chunk in ours[len(ours) - last :]) if last else 0
        if max(head - above, tail - below) > 4 * CHUNK_LINES:
            return False
        mine, its = len(self) - tail, len(other) - tail
        return (
            min(mine, its) >= head
            and self.slice(above, head) == other.slice(above, head)
            and self.slice(mine, len(self) - below) == other.slice(its, len(other) - below)
        )

    def source(self, offset: int, limit: int) -> bytes:
        """Return some of the UTF-8 bytes from `offset` on: at most `limit`, none at the end.

        A lone carriage return reads as a line feed, so that counting line feeds counts lines.
        """
        if not 0 <= offset < self.size:
            return b""
        at = bisect_right(self._byte_starts, offset) - 1
        start = offset - self._byte_starts[at]
        return self._chunks[at].source[start : start + limit]

    def splice(self, start: int, end: int, replacement: Sequence[str]) -> Lines:
        """Return a copy in which the lines from `start` up to but not including `end` are replaced.

        `replacement` must be cut as `split_lines` does: only the text's last line lacks a
        terminator.
        """
        first = bisect_right(self._line_starts, start) - 1
        last = bisect_right(self._line_starts, max(start, end - 1)) - 1
        head = self._chunks[first].lines[: start - self._line_starts[first]]
        tail = self._chunks[last].lines[end - self._line_starts[last] :]
        middle = [*head, *replacement, *tail]
        if len(middle) < CHUNK_LINES // 4 and last + 1 < len(self._chunks):
            last += 1
            middle.extend(self._chunks[last].lines)
        return Lines((*self._chunks[:first], *_cut(middle), *self._chunks[last + 1 :]))


def _bytes(lines: Sequence[str]) -> int:
    """Return how many UTF-8 bytes `lines` take; joined first, a sixth of the time of a sum."""
    text = "".join(lines)
    return len(text) if text.isascii() else len(text.encode())


def _cut(lines: list[str]) -> list[_Chunk]:
    if len(lines) <= 2 * CHUNK_LINES:
        return [_Chunk(tuple(lines))]
    return [_Chunk(tuple(lines[at : at + CHUNK_LINES])) for at in range(0, len(lines), CHUNK_LINES)]
