"""Documents written with a bar where the cursor stands, and edits drawn at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from slm_lsp.syntax.syntax import Syntax, parse
from slm_lsp.text.document import (
    Cursor,
    Document,
    Edit,
    Span,
)

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

PIECES = (
    "\n",
    "\r\n",
    "\r",
    "a",
    "é",
    "\U0001f600",
    "e\u0301",
    " ",
    "\t",
    "\f",
    "\u2028",
    "\ufeff",
)
"""Every kind of character that a position could be miscounted at."""


def texts(*more: str) -> SearchStrategy[str]:
    return st.lists(st.sampled_from(PIECES + more), max_size=30).map("".join)


def document(text: str, language: str = "python", path: str = "") -> Document:
    return Document.of(text, uri="file:///project/file", language=language, path=path)


def marked(text: str, language: str = "python") -> tuple[Document, Syntax | None, Cursor]:
    """Return the document without its bar, its syntax and the cursor at the bar."""
    before, after = text.split("|")
    lines = before.split("\n")
    made = document(before + after, language)
    syntax = parse(made)
    assert syntax is None or isinstance(syntax, Syntax)
    return made, syntax, Cursor(len(lines) - 1, len(lines[-1]))


@st.composite
def cursors(draw: DrawFn, made: Document) -> Cursor:
    line = draw(st.integers(0, len(made.lines) - 1))
    return made.clamp(Cursor(line, draw(st.integers(0, len(made.lines[line])))))


@st.composite
def edits(draw: DrawFn, made: Document, text: SearchStrategy[str]) -> Edit:
    start, end = sorted((draw(cursors(made)), draw(cursors(made))))
    return Edit(Span(start, end), draw(text))


def index(made: Document, cursor: Cursor) -> int:
    """Return how many code points stand before `cursor`."""
    return sum(len(line) for line in made.lines.slice(0, cursor.line)) + cursor.column
