"""What a file defines: names, signatures, fields and the first line of what is said about them.

A language takes part as soon as there is a `queries/LANGUAGE/symbols.scm` for it. Captures are
those of tree-sitter's tags (`@definition.KIND`, `@name`, `@doc`), and besides:

    @body       where a definition's signature ends, if it is not the node's field `body`
    @field      belongs to the class it stands in, as it is written
    @attribute  likewise, out of a method of the class; only its name is kept
    @scope      what holds methods without defining anything: Rust's `impl`
    @container  the name of the class that a method outside of it belongs to
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from tree_sitter import Parser, QueryCursor

from slm_lsp.syntax import languages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Query

MAX_SIGNATURE = 240
"""Characters of a signature; a longer one ends in an ellipsis."""

MAX_FIELD = 80
"""Characters of a field, likewise."""

MAX_DOC = 100
"""Characters of what is said about a definition, likewise."""

MAX_FIELDS = 24
"""Fields of a class; further ones are left out."""

_AROUND = frozenset(
    {"export_statement", "const_declaration", "var_declaration", "template_declaration"}
)
"""Nodes that a definition's comment stands above, instead of above the definition."""

_BETWEEN = frozenset({"attribute_item"})
"""Nodes that may stand between a definition and its comment."""

_MARKS = " \t/*#!<\"'"
_DOC_START = re.compile(r"""^[ru]{0,2}(?=["'])""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Symbol:
    """One definition. `container` is the class it is a method of, or empty; `line` starts at 0."""

    name: str
    kind: str
    container: str
    signature: str
    fields: tuple[str, ...]
    doc: str
    line: int


@dataclass(frozen=True, slots=True)
class _Open:
    """A definition or scope that goes on to byte `end`, with the fields found so far."""

    end: int
    kind: str
    name: str
    fields: dict[str, None]


@cache
def has_symbols(language: str) -> bool:
    """Tell whether definitions are known in files of the editor's language id `language`.

    That loads no grammar.
    """
    folder = languages.find(language).queries or language
    return (languages.QUERIES / folder / "symbols.scm").exists()


def symbols(source: bytes, language: str) -> tuple[Symbol, ...]:
    """Return what `source`, in UTF-8, defines outside of functions, in its order."""
    row = languages.find(language)
    query, grammar = languages.query(row, "symbols"), languages.grammar(row)
    if query is None or grammar is None:
        return ()
    found: list[tuple[Symbol, _Open]] = []
    around: list[_Open] = []
    for start, captures in _in_order(query, Parser(grammar).parse(source).root_node):
        while around and around[-1].end <= start:
            around.pop()
        if "field" in captures or "attribute" in captures:
            _add_field(captures, around)
        elif "scope" in captures:
            end, name = captures["scope"][0].end_byte, _text(captures["name"][0])
            around.append(_Open(end, "scope", name, {}))
        elif not any(outer.kind == "function" for outer in around):
            symbol, end = _symbol(source, captures, around)
            around.append(_Open(end, symbol.kind, symbol.name, {}))
            found.append((symbol, around[-1]))
    return tuple(replace(symbol, fields=tuple(place.fields)) for symbol, place in found)


def _in_order(query: Query, root: Node) -> Iterator[tuple[int, dict[str, list[Node]]]]:
    """Yield where each match begins and its captures, in the file's order and outer ones first.

    Where two define the same name, the one with a comment counts, then the earlier pattern.
    """
    matches = []
    for pattern, captures in QueryCursor(query).matches(root):
        node = _node(captures)
        matches.append((node.start_byte, -node.end_byte, "doc" not in captures, pattern, captures))
    named: set[int] = set()
    for start, _, _, _, captures in sorted(matches, key=lambda match: match[:4]):
        if "name" in captures:
            if (place := captures["name"][0].start_byte) in named:
                continue
            named.add(place)
        yield start, captures


def _node(captures: dict[str, list[Node]]) -> Node:
    """Return what the match as a whole is about."""
    return next(
        nodes[0]
        for name, nodes in captures.items()
        if name.startswith(("definition.", "field", "attribute", "scope"))
    )


def _add_field(captures: dict[str, list[Node]], around: list[_Open]) -> None:
    """Add a field to the class that it stands in, unless it is local to a function there."""
    node = _node(captures)
    places = around[::-1] if "attribute" in captures else around[-1:]
    place = next((outer for outer in places if outer.kind == "class"), None)
    if place is None or len(place.fields) >= MAX_FIELDS:
        return
    text = _shortened(_text(node).rstrip(";,"), MAX_FIELD)
    if not any(known.startswith(text) for known in place.fields):
        place.fields[text] = None


def _symbol(
    source: bytes, captures: dict[str, list[Node]], around: list[_Open]
) -> tuple[Symbol, int]:
    """Return the definition and where it ends."""
    node, name = _node(captures), _text(captures["name"][0])
    kind = next(key for key in captures if key.startswith("definition.")).partition(".")[2]
    bodies = captures.get("body")
    body = bodies[0] if bodies else node.child_by_field_name("body")
    end = node.end_byte if body is None else body.start_byte
    signature = source[node.start_byte : end].decode(errors="replace")
    if "container" in captures:
        container = re.findall(r"\w+", _text(captures["container"][0]))[:1]
    else:
        container = [outer.name for outer in around[-1:]]
    doc = captures["doc"][0] if "doc" in captures else _comment_above(node)
    symbol = Symbol(
        name=name,
        kind=kind,
        container="".join(container),
        signature=_shortened(signature, MAX_SIGNATURE).rstrip("{; "),
        fields=(),
        doc=_first_line(_text(doc)) if doc else "",
        line=node.start_point.row,
    )
    return symbol, node.end_byte


def _comment_above(node: Node) -> Node | None:
    """Return the first of the comments that end right above `node`."""
    while node.parent is not None and node.parent.type in _AROUND:
        node = node.parent
    found, row, above = None, node.start_point.row, node.prev_sibling
    while above is not None and ("comment" in above.type or above.type in _BETWEEN):
        if above.end_point.row - (above.end_point.column == 0) < row - 1:
            break
        if above.type not in _BETWEEN:
            found = above
        row, above = above.start_point.row, above.prev_sibling
    return found


def _first_line(comment: str) -> str:
    lines = (line.strip(_MARKS) for line in _DOC_START.sub("", comment).splitlines())
    return _shortened(next((line for line in lines if line), ""), MAX_DOC)


def _shortened(text: str, length: int) -> str:
    """Return `text` in one line of at most `length` characters."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")
