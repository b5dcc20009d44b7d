"""Definitions in other files of the workspace that the text around a place refers to.

A name counts as defined in another file if an import leads there. The index knows no import rules
of any language; instead the words of the imports are compared with the names of files and folders:
`from shop.cart import Cart`, `import { Cart } from "./cart"`, `use crate::cart::Cart` and
`#include "cart.h"` all name the file that defines `Cart`.

Definitions as the model reads them: code without bodies, under the path of its file.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from slm_lsp.context.window import CHARACTERS_PER_TOKEN, GRID_LINES
from slm_lsp.index.database import reading
from slm_lsp.syntax import languages
from slm_lsp.syntax.outline import import_lines
from slm_lsp.syntax.symbols import Symbol
from slm_lsp.text.document import visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from slm_lsp.syntax.syntax import Syntax
    from slm_lsp.text.document import Cursor, Document

NEAR_LINES = 48
"""Lines above and below a place whose names matter most there."""

MOST_NAMES = 200
"""Names looked up: those used most around the place."""

MOST_METHODS = 16
"""Methods of a class."""

MOST_PLACES = 20
"""Places where a name is defined; one with more of them says nothing."""

PATIENCE_S = 0.05
"""Seconds to wait for a process that writes; nobody needs a definition that comes late."""

WHOLE_FILES = frozenset({"c", "cpp", "go", "java"})
"""Languages whose imports bring in names without naming them, and whose folders are one scope."""

PACKAGE_FILES = frozenset({"__init__", "index", "mod", "lib", "main"})
"""Stems of files that go by the name of their folder."""

_FAMILIES = {
    "javascript": "script",
    "javascriptreact": "script",
    "typescript": "script",
    "typescriptreact": "script",
    "cpp": "c",
}
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"[A-Za-z_]\w{2,}")
_STRINGS = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")


@dataclass(frozen=True, slots=True)
class Definition:
    """A symbol, the file it is in by its path from the workspace's root, and a class's methods."""

    path: str
    symbol: Symbol
    methods: tuple[str, ...] = ()


def definitions(
    database: Path, document: Document, syntax: Syntax | None, line: int
) -> tuple[Definition, ...]:
    """Return what the text around `line` uses from other files, and what else is imported.

    What is used most comes first. Reads the database, so it belongs into a thread; without an
    index there is nothing.
    """
    imported = imported_words(document, syntax)
    whole = languages.find(document.language).id in WHOLE_FILES
    near = document.lines.slice(max(0, line - NEAR_LINES), line + NEAR_LINES)
    used = Counter(_NAME.findall("\n".join(_STRINGS.sub("", text) for text in near)))
    names = [name for name, _ in used.most_common() if whole or name in imported]
    names += sorted(imported - used.keys())
    try:
        with reading(database, PATIENCE_S) as connection:
            found = (
                _definition(connection, document, imported, name) for name in names[:MOST_NAMES]
            )
            return tuple(filter(None, found))
    except sqlite3.Error:
        return ()


def imported_words(document: Document, syntax: Syntax | None) -> frozenset[str]:
    """Return the words in the imports at the top of `document`."""
    lines = [document.lines[line] for line in import_lines(syntax)]
    return frozenset(word for line in lines for word in _WORD.findall(line))


def _definition(
    connection: sqlite3.Connection, document: Document, imported: frozenset[str], name: str
) -> Definition | None:
    """Return what `name` most probably means in `document`, if it is defined in another file."""
    rows = connection.execute(
        "SELECT path, file, kind, signature, fields, doc, line FROM symbols JOIN files"
        " ON file = id WHERE name = ? AND container = '' LIMIT ?",
        (name, MOST_PLACES + 1),
    ).fetchall()
    scores = [_score(document, imported, name, path) for path, *_ in rows]
    if len(rows) > MOST_PLACES or max(scores, default=0) <= 0:
        return None
    path, file, kind, signature, fields, doc, line = rows[scores.index(max(scores))]
    methods = connection.execute(
        "SELECT signature FROM symbols WHERE file = ? AND container = ? ORDER BY line LIMIT ?",
        (file, name, MOST_METHODS),
    )
    symbol = Symbol(name, kind, "", signature, tuple(filter(None, fields.split("\n"))), doc, line)
    return Definition(path, symbol, tuple(signature for (signature,) in methods))


def _score(document: Document, imported: frozenset[str], name: str, path: str) -> int:
    """Return how sure it is that `document` means the `name` that is defined in `path`; 0: not."""
    language = languages.language_of(path)
    if path == document.path or _family(language) != _family(languages.find(document.language).id):
        return 0
    own, other = PurePosixPath(document.path), PurePosixPath(path)
    stem = other.parent.name if other.stem in PACKAGE_FILES else other.stem
    named = sum(part in imported for part in other.parts[:-1])
    same_folder = own.parent == other.parent
    if language in WHOLE_FILES:
        reached = stem in imported or other.parent.name in imported or same_folder
    else:
        reached = name in imported and (stem in imported or named > 0 or same_folder)
    return 1 + 8 * (stem in imported) + 2 * same_folder + named if reached else 0


def _family(language: str) -> str:
    return _FAMILIES.get(language, language)


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
