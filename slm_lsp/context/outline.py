"""The lines above a window that tell what it is part of: signatures and imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.context.place import indentation, scopes
from slm_lsp.text import Cursor

if TYPE_CHECKING:
    from tree_sitter import TreeCursor

    from slm_lsp.context.tree import Syntax
    from slm_lsp.text import Document

IMPORT_LINES = 64
"""Imports are looked for in the first lines of a file only."""

IMPORT_DEPTH = 4
"""Imports may stand in a `try`, behind an include guard or in a body of either."""

SIGNATURE_LINES = 12
"""A longer signature is left out."""


def outline_lines(
    document: Document, syntax: Syntax | None, first: int
) -> tuple[list[int], list[int]]:
    """Return the lines above line `first` with signatures around it, and those with imports."""
    if syntax is None:
        return [], []
    signatures: list[int] = []
    for scope in scopes(syntax, _visible_from(document, first)):
        lines = range(scope.header.start.line, min(scope.header.end.line + 1, first))
        if len(lines) <= SIGNATURE_LINES:
            signatures.extend(lines)
    imports: dict[int, None] = {}
    _collect(syntax, syntax.tree.walk(), min(first, IMPORT_LINES), imports)
    return signatures, list(imports)


def _visible_from(document: Document, first: int) -> Cursor:
    """Return the place behind the first visible character from line `first` on."""
    for number, line in enumerate(document.lines.slice(first, first + IMPORT_LINES), first):
        if line.strip():
            return Cursor(number, len(indentation(line)) + 1)
    return Cursor(first, 0)


def _collect(syntax: Syntax, walk: TreeCursor, end: int, found: dict[int, None]) -> None:
    """Add the lines before `end` of the imports below the node at `walk`, which stays there."""
    more = walk.goto_first_child()
    if not more:
        return
    while more and (node := walk.node) is not None and node.start_point.row < end:
        row, last = node.start_point.row, node.end_point
        language = syntax.language
        if node.type in language.imports:
            found.update(dict.fromkeys(range(row, min(end, last.row + (last.column > 0)))))
        elif (
            (last.row > row or walk.depth > 1)
            and walk.depth < IMPORT_DEPTH
            and node.type not in language.functions | language.classes
        ):
            _collect(syntax, walk, end, found)
        more = walk.goto_next_sibling()
    walk.goto_parent()
