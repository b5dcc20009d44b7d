"""What the queries of a language say about a place.

Each language has a `queries/LANGUAGE/syntax.scm`, with the captures

    @string @comment    what is not code
    @code               code in a string
    @function @class    what has a signature worth knowing to whom reads its body; in languages
                        of data and markup, what is nested
    @block              whatever else has a body that a colon opens
    @import             what a file takes from others
    @require            likewise, if it says so by a word (`outline.REQUIRES`)
    @embedded           text of another language; its name is written before it
    @embedded.LANGUAGE  likewise, of LANGUAGE unless another name is written
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tree_sitter import QueryCursor

from slm_lsp.syntax import languages

if TYPE_CHECKING:
    from tree_sitter import Node

    from slm_lsp.syntax.tree import Syntax


@dataclass(frozen=True, slots=True)
class Capture:
    """A node and what it was captured as."""

    kind: str
    node: Node


def captures_at(syntax: Syntax, byte: int) -> list[Capture]:
    """Return what holds the byte at offset `byte`, from the outside in.

    It costs some ten microseconds, whatever the file's length.
    """
    cursor = _cursor(syntax)
    if cursor is None:
        return []
    cursor.set_byte_range(byte, byte + 1)
    return [it for it in _found(cursor, syntax) if it.node.start_byte <= byte < it.node.end_byte]


def captures_on(syntax: Syntax, line: int) -> list[Capture]:
    """Return what holds any of the text of `line`, in order."""
    cursor = _cursor(syntax)
    if cursor is None:
        return []
    cursor.set_point_range((line, 0), (line + 1, 0))
    return _found(cursor, syntax)


def captures_above(syntax: Syntax, line: int, depth: int) -> list[Capture]:
    """Return what begins in the lines above `line`, at most `depth` levels deep, in order."""
    cursor = _cursor(syntax)
    if cursor is None or line == 0:
        return []
    cursor.set_point_range((0, 0), (line, 0))
    cursor.set_max_start_depth(depth)
    return _found(cursor, syntax)


def captures_of(syntax: Syntax) -> list[Capture]:
    """Return all captures, in order; that takes as long as a parse."""
    cursor = _cursor(syntax)
    return [] if cursor is None else _found(cursor, syntax)


def _found(cursor: QueryCursor, syntax: Syntax) -> list[Capture]:
    found = cursor.captures(syntax.tree.root_node)
    captures = [Capture(kind, node) for kind, nodes in found.items() for node in nodes]
    return sorted(captures, key=lambda it: (it.node.start_byte, -it.node.end_byte))


def _cursor(syntax: Syntax) -> QueryCursor | None:
    query = languages.query(syntax.language)
    return None if query is None else QueryCursor(query)
