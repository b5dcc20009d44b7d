"""Definitions as the model reads them: code without bodies, under the path of its file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from slm_lsp.context import languages
from slm_lsp.context.window import CHARACTERS_PER_TOKEN, GRID_LINES
from slm_lsp.text import visible
from slm_lsp.workspace.definitions import definitions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from slm_lsp.context.syntax import Syntax
    from slm_lsp.text import Cursor, Document
    from slm_lsp.workspace.definitions import Definition

INDENT = "    "


def definition_lines(
    database: Path, document: Document, syntax: Syntax | None, cursor: Cursor, tokens: int
) -> str:
    """Return the lines for the model to read before the window of `document` at `cursor`.

    They take at most `tokens`, as estimated, and are the same in all of a block of the window's
    grid. Reads the database, so it belongs into a thread.
    """
    line = cursor.line - cursor.line % GRID_LINES
    found = definitions(database, document, syntax, line)
    return stub(found, document.language, int(tokens * CHARACTERS_PER_TOKEN))


def stub(found: Sequence[Definition], language: str, room: int) -> str:
    """Return as many of those `found` as fit into `room` characters, the first ones first.

    They stand in the order of their files and lines, so a change of their rank changes nothing.
    Each line is a comment; a `language` without comments of one line gets nothing.
    """
    mark = languages.find(language).comment
    if not mark:
        return ""
    chosen: list[Definition] = []
    for definition in found:
        for form in (definition, _head(definition)):
            if len(_text([*chosen, form], mark)) <= room:
                chosen.append(form)
                break
    return _text(chosen, mark)


def _head(definition: Definition) -> Definition:
    """Return `definition` without its fields and methods."""
    return replace(definition, symbol=replace(definition.symbol, fields=()), methods=())


def _text(chosen: Sequence[Definition], mark: str) -> str:
    lines: list[str] = []
    path = ""
    for definition in sorted(chosen, key=lambda it: (it.path, it.symbol.line)):
        if definition.path != path:
            path = definition.path
            lines.append(path)
        lines += _lines(definition)
    return visible("".join(f"{mark} {line}\n" for line in lines))


def _lines(definition: Definition) -> list[str]:
    symbol = definition.symbol
    said = f"  {symbol.doc}" if symbol.doc else ""
    return [
        symbol.signature + said,
        *(INDENT + field for field in symbol.fields),
        *(INDENT + method for method in definition.methods),
    ]
