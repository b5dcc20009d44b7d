"""Punching holes into source files, the same ones for the same files and seed."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from slm_lsp.evaluation.cases import Case
from slm_lsp.syntax import languages
from slm_lsp.syntax.holes import pieces
from slm_lsp.syntax.scenarios import Scenario, scenarios
from slm_lsp.syntax.syntax import Syntax, inside, parse
from slm_lsp.text.document import Cursor, Span
from slm_lsp.text.lines import content_length
from slm_lsp.text.terminal import encodable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from slm_lsp.text.document import Document

KINDS = ("line-rest", "line", "statement", "block", "arguments", "span")
"""What is taken out: the rest of a line from a random column, a line without its indentation, a
statement, the statements of a block, the arguments of a call, anything from a random place on."""

SCENARIOS: tuple[Scenario, ...] = get_args(Scenario)
"""Kinds of holes where people ask for a completion; `context.scenarios` says what each is."""

_FOUND = frozenset({"statement", "block", "arguments", *SCENARIOS})
"""Kinds of holes that the tree tells; the others are at random places."""

MAX_LINES = 10
"""Lines in a hole; ghost text that is longer is hardly read."""

MIN_CHARACTERS = 2
"""Code points in a hole; with less there is nothing to gain."""

SPAN_CHARACTERS = (2, 200)
"""Code points in a random span: half of them are shorter than the geometric mean, 20."""

TRIES = 30
"""Random places looked at before a file counts as having no further hole of a kind."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to punch holes into, with its pieces by their kind."""

    name: str
    document: Document
    syntax: Syntax | None
    pieces: dict[str, list[Span]]

    @classmethod
    def of(cls, name: str, document: Document, kinds: Iterable[str] = KINDS) -> Source:
        """Parse `document` for holes of `kinds`; its name is part of the names of its cases."""
        syntax = parse(document)
        found: dict[str, list[Span]] = {}
        find = pieces if set(kinds).isdisjoint(SCENARIOS) else scenarios
        for kind, span in find(syntax) if syntax else ():
            found.setdefault(kind, []).append(span)
        return cls(name, document, syntax, found)


def punch(
    files: Sequence[Path],
    load: Callable[[Path], Document | None],
    count: int,
    seed: int,
    kinds: Sequence[str] = KINDS,
) -> list[Case]:
    """Return up to `count` cases, of `kinds` in turn and from the files in a random order.

    The kinds are some of `KINDS` or some of `SCENARIOS`, not of both. `load` reads a file, or
    returns None for one that is to be left out; it is asked at most once for each file. There are
    fewer cases where the files have no more room for holes.
    """
    chance = random.Random(str(seed))  # noqa: S311 (a sample, not a secret)
    order = list(files)
    chance.shuffle(order)
    sources: dict[Path, Source | None] = {}
    cases: dict[str, Case] = {}
    left, turn = list(kinds), 0
    while left and len(cases) < count:
        kind = left.pop(0)
        for _ in order:
            path = order[turn % len(order)]
            turn += 1
            if path not in sources:
                document = load(path)
                sources[path] = (
                    Source.of(encodable(str(path)), document, kinds) if document else None
                )
            source = sources[path]
            case = source and hole(source, kind, chance, cases)
            if case:
                cases[case.id] = case
                left.append(kind)
                break
    return list(cases.values())


def hole(source: Source, kind: str, chance: random.Random, taken: dict[str, Case]) -> Case | None:
    """Punch one hole of `kind` that is not among those `taken`, by id; None if none was found."""
    for _ in range(TRIES):
        span = _span(source, kind, chance)
        if span is not None and _usable(source, kind, span):
            case = _case(source, kind, span)
            if case.id not in taken:
                return case
    return None


def _span(source: Source, kind: str, chance: random.Random) -> Span | None:
    if kind in _FOUND:
        spans = source.pieces.get(kind)
        return chance.choice(spans) if spans else None
    document = source.document
    line = chance.randrange(len(document.lines))
    text = document.lines[line].rstrip()
    start, end = len(text) - len(text.lstrip()), len(text)
    if not is_code(source, line, start):
        return None
    if kind == "line":
        return Span(Cursor(line, start), Cursor(line, end))
    if end - start <= MIN_CHARACTERS:
        return None
    begin = Cursor(line, chance.randrange(start + 1, end - MIN_CHARACTERS + 1))
    if kind == "line-rest":
        return Span(begin, Cursor(line, end))
    low, high = map(math.log, SPAN_CHARACTERS)
    return Span(begin, _further(document, begin, round(math.exp(chance.uniform(low, high)))))


def is_code(source: Source, line: int, start: int) -> bool:
    """Tell whether the line whose text begins at `start` is more than a comment or a string."""
    text = source.document.lines[line]
    comment = languages.find(source.document.language).comment
    return (
        bool(text.strip())
        and not (comment and text.startswith(comment, start))
        and inside(source.syntax, Cursor(line, start)) == "code"
        and inside(source.syntax, Cursor(line, start + 1)) != "comment"
    )


def _further(document: Document, begin: Cursor, length: int) -> Cursor:
    """Return the place `length` code points behind `begin`, or where the word there ends.

    Nothing is ever offered inside a word, so no hole ends there.
    """
    line, column = begin.line, begin.column + length
    while column > content_length(document.lines[line]) and line + 1 < len(document.lines):
        column -= len(document.lines[line])
        line += 1
        column = max(column, 0)
    text = document.lines[line][: content_length(document.lines[line])]
    column = min(column, len(text))
    while 0 < column < len(text) and _joins(text[column - 1]) and _joins(text[column]):
        column += 1
    return Cursor(line, column)


def _joins(character: str) -> bool:
    return character.isalnum() or character == "_"


def _usable(source: Source, kind: str, span: Span) -> bool:
    if not 0 <= span.end.line - span.start.line < MAX_LINES:
        return False
    text = _text(source.document, span)
    return (
        len(text.strip()) >= MIN_CHARACTERS
        and (kind == "docstring" or inside(source.syntax, span.start) != "comment")
        and not _joins(source.document.after(span.end)[:1] or " ")
    )


def _text(document: Document, span: Span) -> str:
    lines = document.lines.slice(span.start.line, span.end.line + 1)
    lines[-1] = lines[-1][: span.end.column]
    lines[0] = lines[0][span.start.column :]
    return "".join(lines)


def _case(source: Source, kind: str, span: Span) -> Case:
    document, start, end = source.document, span.start, span.end
    above = "".join(document.lines.slice(0, start.line))
    below = "".join(document.lines.slice(end.line + 1, len(document.lines)))
    return Case(
        id=f"{source.name}:{start.line + 1}:{start.column + 1}:{kind}",
        language=document.language,
        prefix=above + document.before(start),
        suffix=document.lines[end.line][end.column :] + below,
        expected=_text(document, span),
        hole=kind,
        path=document.path,
    )
