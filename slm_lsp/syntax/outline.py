"""The lines above a window that tell what it is part of: signatures and imports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from slm_lsp.syntax.captures import captures_above
from slm_lsp.syntax.position import indentation, scopes
from slm_lsp.text.document import Cursor

if TYPE_CHECKING:
    from slm_lsp.syntax.tree import Syntax
    from slm_lsp.text.document import Document

IMPORT_LINES = 64
"""Imports are looked for in the first lines of a file only."""

IMPORT_DEPTH = 4
"""Imports may stand in a `try`, behind an include guard or in a body of either."""

REQUIRES = re.compile(r"\b(?:require|require_relative|@?import|alias|use)\b")
"""What a call or a variable says that takes something from another file."""

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
    return signatures, import_lines(syntax, first)


def import_lines(syntax: Syntax | None, end: int = IMPORT_LINES) -> list[int]:
    """Return the lines before line `end` that hold the imports at the top of the file."""
    found: dict[int, None] = {}
    if syntax is None:
        return []
    document = syntax.document
    end, inside = min(end, IMPORT_LINES), 0
    for capture in captures_above(syntax, end, IMPORT_DEPTH):
        node, last = capture.node, capture.node.end_point
        if node.start_byte < inside:
            continue
        line = document.lines[node.start_point.row]
        if capture.kind == "import" or (capture.kind == "require" and REQUIRES.search(line)):
            found.update(
                dict.fromkeys(range(node.start_point.row, min(end, last.row + (last.column > 0))))
            )
        elif capture.kind in ("function", "class"):
            inside = node.end_byte
    return list(found)


def _visible_from(document: Document, first: int) -> Cursor:
    """Return the place behind the first visible character from line `first` on."""
    for number, line in enumerate(document.lines.slice(first, first + IMPORT_LINES), first):
        if line.strip():
            return Cursor(number, len(indentation(line)) + 1)
    return Cursor(first, 0)
