"""Documents, places in them and what is offered there: plain immutable values, no protocol, no I/O.

Columns count code points; lines and columns start at 0. What an editor counts in (UTF-8 bytes,
UTF-16 or UTF-32 units) is translated at the protocol's edge and nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from slm_lsp.text.lines import Lines, content_length, split_lines

_INVISIBLE = re.compile(
    "[\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place between two characters: line and column from 0, the column in code points."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Span:
    """The text from `start` up to `end`; an empty span is a place."""

    start: Cursor
    end: Cursor

    @classmethod
    def at(cls, cursor: Cursor) -> Span:
        """Return the empty span at `cursor`."""
        return cls(cursor, cursor)


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement: `span` of the old text becomes `text`."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What is offered at a cursor.

    `text` replaces `span`, which lies on the cursor's line and contains the cursor. `confidence`
    is the joint probability (0 to 1) that the model gave to the tokens of `text`.
    """

    text: str
    span: Span
    confidence: float


@dataclass(frozen=True, slots=True)
class Document:
    """A snapshot of an open file. Editing returns another snapshot.

    `language` is the editor's language id (`python`, `typescriptreact`, …). `path` is what the
    model is told the file is called: relative to the workspace where there is one, whose name is
    `repository`. `version` is the editor's, or 0 where it sends none.
    """

    uri: str
    language: str
    lines: Lines
    path: str = ""
    version: int = 0
    repository: str = ""

    @classmethod
    def of(
        cls,
        text: str,
        *,
        uri: str,
        language: str,
        path: str = "",
        version: int = 0,
        repository: str = "",
    ) -> Document:
        """Make a document of `text`; lone surrogates become U+FFFD, which is as long in UTF-16."""
        return cls(uri, language, Lines.of(valid_unicode(text)), path, version, repository)

    def clamp(self, cursor: Cursor) -> Cursor:
        """Return the nearest place that exists, never inside a line terminator."""
        line = min(max(cursor.line, 0), len(self.lines) - 1)
        column = 0 if cursor.line < 0 else cursor.column
        width = content_length(self.lines[line])
        return Cursor(line, width if cursor.line > line else min(max(column, 0), width))

    def before(self, cursor: Cursor) -> str:
        """Return the cursor's line up to the cursor."""
        return self.lines[cursor.line][: cursor.column]

    def after(self, cursor: Cursor) -> str:
        """Return the cursor's line from the cursor on, without its terminator."""
        line = self.lines[cursor.line]
        return line[cursor.column : content_length(line)]

    def text_in(self, span: Span) -> str:
        """Return the text of `span`, whose places are clamped; its cost grows with the span."""
        start, end = self.clamp(span.start), self.clamp(span.end)
        if start.line == end.line:
            return self.lines[start.line][start.column : end.column]
        first, *whole = self.lines.slice(start.line, end.line)
        return first[start.column :] + "".join(whole) + self.before(end)

    def text_from(self, start: Cursor, length: int) -> str:
        """Return at most `length` code points from `start` on."""
        start = self.clamp(start)
        found = self.lines[start.line][start.column : start.column + length]
        line = start.line + 1
        while len(found) < length and line < len(self.lines):
            found += self.lines[line][: length - len(found)]
            line += 1
        return found

    def unix_text_in(self, span: Span) -> str:
        """Return the text of `span` as `text_in` does, with line feeds for line ends."""
        return unix(self.text_in(span))

    def span_of(self, start: Cursor, length: int) -> Span:
        """Return the span of at most `length` code points from `start` on."""
        start = self.clamp(start)
        line, column, left = start.line, start.column, length
        while left >= (rest := len(self.lines[line]) - column) and line + 1 < len(self.lines):
            line, column, left = line + 1, 0, left - rest
        return Span(start, self.clamp(Cursor(line, column + left)))

    def with_line_endings(self, text: str) -> str:
        """Return `text`, which has line feeds, with the line ends of this document."""
        return text.replace("\n", "\r\n") if self.lines[0].endswith("\r\n") else text

    def applied(self, edit: Edit, version: int) -> Document:
        """Return the document after `edit`, whose places must exist (see `clamp`)."""
        start, end = edit.span.start, edit.span.end
        head = self.lines[start.line][: start.column]
        tail = self.lines[end.line][end.column :]
        text = head + valid_unicode(edit.text) + tail
        first, after = start.line, end.line + 1
        if first > 0 and text.startswith("\n") and self.lines[first - 1].endswith("\r"):
            # A lone carriage return above and this line feed have become one terminator.
            first -= 1
            text = self.lines[first] + text
        pieces = split_lines(text)
        if after < len(self.lines):
            pieces.pop()  # the text ends with a terminator, so the piece after it is empty
        elif after > len(self.lines):
            raise IndexError(after)
        return replace(self, lines=self.lines.splice(first, after, pieces), version=version)


def unix(text: str) -> str:
    """Return `text` with line feeds for line ends."""
    return text.replace("\r\n", "\n")


def visible(text: str) -> str:
    """Leave out what makes text read other than it is (CVE-2021-42574).

    These are marks of byte order and direction, language tags and characters of no width, the
    joiners of emoji and of some scripts with them.
    """
    return text if text.isascii() else _INVISIBLE.sub("", text)


def valid_unicode(text: str) -> str:
    """Replace lone surrogates, which JSON can carry and UTF-8 cannot, by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
