"""The syntax tree of a document, kept up to date edit by edit.

Trees are tree-sitter's and immutable here: an edit shifts a copy (copying takes a reference, not
time) and parses again only what the edit touched. The parser reads the text from `Lines` piece by
piece, so the whole text is never joined.

What an edit costs still grows with the file, since tree-sitter visits every top-level declaration:
about 1 ms of CPU at 10,000 lines of Go, Rust, C or TypeScript, 3 to 4 ms of Python, JavaScript or
Java, and several times that while a quote or bracket is open. Hence the budget, and the trees of
a part (see `stretch`): a tree knows which ranges of the text it is made of, and they move with it.

A parse holds the interpreter's lock, but gives it up while it asks for text or reports progress,
so another thread waits for 25 to 40 ms at most while a worker thread parses 48,000 lines.

What tree-sitter reads a document through.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from tree_sitter import Parser, Point, Range

from slm_lsp.syntax import languages
from slm_lsp.text.document import Cursor, valid_unicode

if TYPE_CHECKING:
    from threading import Event

    from tree_sitter import Node, Tree

    from slm_lsp.syntax.languages import Language
    from slm_lsp.text.document import Document, Edit

READ_BYTES = 65536
"""The most text the parser gets at a time; ordinary chunks of lines are shorter."""


class Reader:
    """Reads a document to the parser, and afterwards for whoever wants the text of nodes.

    tree-sitter 0.26.1 never lets go of what it is given while it parses: a kilobyte at each read,
    and 12 KB at each key, if that were always a new object. So it is one object for each thread.
    Nodes must be given `bytes`: with anything else their text ends the process.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._parsing: bytearray | None = _lent.piece

    def __call__(self, offset: int, _at: Point) -> bytes | bytearray:
        """Return some of the UTF-8 bytes from `offset` on, none at the end."""
        source = self._document.lines.source(offset, READ_BYTES)
        if self._parsing is None:
            return source
        self._parsing[:] = source
        return self._parsing

    def parsed(self) -> None:
        """Note that the parser is done."""
        self._parsing = None


class _Lent(threading.local):
    def __init__(self) -> None:
        self.piece = bytearray()


_lent = _Lent()


LAST_BYTE = 0xFFFFFFFF
"""Where the range of a tree of all the text ends."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Syntax:
    """The tree of exactly this `document`, or of ranges of it."""

    document: Document
    language: Language
    tree: Tree

    @property
    def partial(self) -> bool:
        """Whether the tree leaves out some of the document."""
        return bool(ranges_of(self.tree))

    @overload
    def edited(self, edit: Edit, before: Document, after: Document) -> Syntax | None: ...

    @overload
    def edited(
        self, edit: Edit, before: Document, after: Document, budget_ms: float | None
    ) -> Syntax | PendingParse | None: ...

    def edited(
        self, edit: Edit, before: Document, after: Document, budget_ms: float | None = None
    ) -> Syntax | PendingParse | None:
        """Return the syntax of `after`, which is `before` with `edit` applied; see `parse`."""
        return parse(after, self.unparsed(edit, before, after), budget_ms=budget_ms)

    def unparsed(self, edit: Edit, before: Document, after: Document) -> PendingParse:
        """Follow an edit without parsing."""
        return PendingParse(after, self.language, shift(self.tree, edit, before, after))


@dataclass(frozen=True, slots=True, eq=False)
class PendingParse:
    """A parse of `document` that is still to be made, or was given up because it took too long.

    `parse(document, overrun)` makes it. `tree` is what was known before; without one, `ranges`
    are those to be parsed, or empty for all of the text.
    """

    document: Document
    language: Language
    tree: Tree | None
    ranges: tuple[Range, ...] = ()

    def outdated(self) -> Syntax | None:
        """Return what was known before, moved to where it is now."""
        return None if self.tree is None else Syntax(self.document, self.language, self.tree)

    def unparsed(self, edit: Edit, before: Document, after: Document) -> PendingParse:
        """Follow a further edit without parsing; `ranges` without a tree cannot follow."""
        tree = None if self.tree is None else shift(self.tree, edit, before, after)
        return PendingParse(after, self.language, tree)


@overload
def parse(document: Document, old: Syntax | PendingParse | None = None) -> Syntax | None: ...


@overload
def parse(
    document: Document,
    old: Syntax | PendingParse | None = None,
    *,
    budget_ms: float | None = None,
    stop: Event | None = None,
) -> Syntax | PendingParse | None: ...


def parse(
    document: Document,
    old: Syntax | PendingParse | None = None,
    *,
    budget_ms: float | None = None,
    stop: Event | None = None,
) -> Syntax | PendingParse | None:
    """Parse `document`; None if its language has no grammar or the parser fails.

    `old` is what is known of this very document from before its last edits. A parse that takes
    longer than `budget_ms` milliseconds, or until `stop` is set by another thread, is given up and
    answered with an Overrun; without either the answer is never an Overrun.
    """
    language = languages.find(document.language)
    grammar = languages.grammar(language)
    if grammar is None:
        return None
    if old is None:
        languages.query(language)  # made once for each language, not at the first key
    known = old.tree if old is not None and old.language is language else None
    parser = Parser(grammar)
    ranges = list(old.ranges) if isinstance(old, PendingParse) else []
    if wanted := ranges if known is None else ranges_of(known):
        parser.included_ranges = wanted
    patience = _Patience(budget_ms, stop)  # from here on: loading a grammar is no parsing
    arguments = {} if known is None else {"old_tree": known}
    read = Reader(document)
    try:
        tree = parser.parse(read, encoding="utf8", progress_callback=patience, **arguments)
    except Exception as error:  # noqa: BLE001  # whatever a grammar does, text completion goes on
        if patience.over:
            return PendingParse(document, language, known, tuple(ranges))
        _log.warning("The %s parser failed (%s)", language.id, type(error).__name__)
        return None
    read.parsed()
    return Syntax(document, language, tree)


class _Patience:
    """Tells tree-sitter, which asks now and then, whether to give a parse up: see `parse`."""

    def __init__(self, budget_ms: float | None, stop: Event | None) -> None:
        self.over = False
        self._deadline = None if budget_ms is None else time.perf_counter() + budget_ms / 1000
        self._stop = stop

    def __call__(self, _offset: int, _has_error: bool) -> bool:  # noqa: FBT001  # its signature
        late = self._deadline is not None and time.perf_counter() > self._deadline
        self.over = late or (self._stop is not None and self._stop.is_set())
        return self.over


def shift(tree: Tree, edit: Edit, before: Document, after: Document) -> Tree:
    """Return a copy of the tree of `before` whose nodes stand where they are in `after`."""
    start, old_end, new_end = _extent(edit, before, after)
    copy = tree.copy()
    copy.edit(
        start_byte=before.lines.byte_offset(start[0]) + start[1],
        old_end_byte=before.lines.byte_offset(old_end[0]) + old_end[1],
        new_end_byte=after.lines.byte_offset(new_end[0]) + new_end[1],
        start_point=start,
        old_end_point=old_end,
        new_end_point=new_end,
    )
    return copy


def ranges_of(tree: Tree) -> list[Range]:
    """Return which ranges of the text `tree` is made of, or none if that is all of it."""
    first, *others = tree.included_ranges
    if (others or [first])[-1].end_byte < LAST_BYTE:
        return [first, *others]
    # The first one begins with the text, though what was put in there has moved it.
    return [Range(Point(0, 0), first.end_point, 0, first.end_byte), *others] if others else []


def point(document: Document, cursor: Cursor) -> tuple[int, int]:
    """Return tree-sitter's name for the place `cursor`: its line and its column in bytes."""
    return cursor.line, len(document.before(cursor).encode())


def offset(document: Document, cursor: Cursor) -> int:
    """Return how many UTF-8 bytes stand before `cursor`."""
    row, column = point(document, cursor)
    return document.lines.byte_offset(row) + column


def cursor_at(document: Document, at: tuple[int, int]) -> Cursor:
    """Return the place that tree-sitter calls `at`."""
    row, column = at
    if row >= len(document.lines):
        return document.clamp(Cursor(row, 0))
    return Cursor(row, len(document.lines[row].encode()[:column].decode(errors="ignore")))


def path(syntax: Syntax, byte: int) -> list[Node]:
    """Return the nodes that hold the byte at offset `byte`, from the root down."""
    walk = syntax.tree.walk()
    nodes = [syntax.tree.root_node]
    while walk.goto_first_child_for_byte(byte) is not None:
        node = walk.node
        if node is None or node.start_byte > byte:
            break
        nodes.append(node)
    return nodes


_Point = tuple[int, int]


def _extent(edit: Edit, before: Document, after: Document) -> tuple[_Point, _Point, _Point]:
    """Return where `edit` starts, where it ended in `before` and where it ends in `after`."""
    text = valid_unicode(edit.text)
    start, end = edit.span.start, edit.span.end
    if "\r" in text.replace("\r\n", "") or (
        start.column == 0 and start.line > 0 and before.lines[start.line - 1].endswith("\r")
    ):
        return _whole_lines(edit, before, after)
    first = point(before, start)
    breaks = text.count("\n")
    column = len(text[text.rfind("\n") + 1 :].encode())
    new_end = (start.line + breaks, column if breaks else first[1] + column)
    return first, point(before, end), new_end


def _whole_lines(edit: Edit, before: Document, after: Document) -> tuple[_Point, _Point, _Point]:
    """Widen `edit` to whole lines: a carriage return may join or part the lines around it."""
    first = max(0, edit.span.start.line - 1)
    below = len(before.lines) - (edit.span.end.line + 1)
    return (first, 0), _line_start(before, below), _line_start(after, below)


def _line_start(document: Document, below: int) -> _Point:
    """Return where the last `below` lines begin, or the end of the text if that is none."""
    row = len(document.lines) - below
    if row < len(document.lines):
        return row, 0
    return row - 1, len(document.lines[row - 1].encode())
