"""What a cursor stands in: code, a string or a comment, and which functions and classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from slm_lsp.context.tree import cursor_at, offset, path
from slm_lsp.text import Cursor, Span

if TYPE_CHECKING:
    from tree_sitter import Node, Point

    from slm_lsp.context.language_table import Language
    from slm_lsp.context.tree import Syntax
    from slm_lsp.text import Document

Kind = Literal["code", "string", "comment"]

INTERPOLATIONS = frozenset({"interpolation", "template_substitution"})
"""Kinds of nodes, in all grammars, that stand in a string and hold code."""

SEARCH_LINES = 64
"""How far above a blank line the code it belongs to is looked for."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A function or class around a cursor; `header` is its signature, decorators left out."""

    name: str
    kind: Literal["function", "class"]
    header: Span


def inside(syntax: Syntax | None, cursor: Cursor) -> Kind:
    """Tell what text typed at `cursor` becomes part of.

    The end of a string or comment that lacks its closing mark is inside; before the opening mark
    and behind the closing one is code, and so is an interpolation. Without syntax: `code`.
    """
    if syntax is None:
        return "code"
    language, byte = syntax.language, offset(syntax.document, cursor)
    nodes = path(syntax, byte - 1) if byte else []
    for node in reversed(nodes):
        if node.start_byte >= byte or (node.type in INTERPOLATIONS and byte < node.end_byte):
            break
        if node.type in language.comments and _in_comment(syntax, node, cursor, byte):
            return "comment"
        if node.type in language.strings and _in_string(node, byte):
            return "string"
    if nodes and nodes[0].has_error and _line_has_error(syntax, cursor):
        return _scanned(syntax, cursor)
    return "code"


def scopes(syntax: Syntax | None, cursor: Cursor) -> tuple[Scope, ...]:
    """Return the functions and classes whose bodies hold `cursor`, outermost first."""
    if syntax is None:
        return ()
    document, language = syntax.document, syntax.language
    anchor = _code_at_or_above(document, cursor)
    byte = offset(document, anchor)
    found = []
    for node in path(syntax, max(0, byte - 1)):
        kind = _scope_kind(language, node)
        body = node.child_by_field_name("body") if kind else None
        if kind is None or body is None or not _holds(syntax, node, body, cursor):
            continue
        found.append(Scope(_name(document, node), kind, _header(document, node, body)))
    return tuple(found)


def indentation(line: str) -> str:
    """Return the white space that `line` begins with, without a terminator."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def _in_comment(syntax: Syntax, node: Node, cursor: Cursor, byte: int) -> bool:
    if byte < node.end_byte:
        return True
    prefix = syntax.language.comment
    start = cursor_at(syntax.document, node.start_point)
    line = syntax.document.lines[start.line]
    return start.line == cursor.line and line.startswith(prefix, start.column)


def _in_string(node: Node, byte: int) -> bool:
    if byte < node.end_byte:
        return True
    last = node.child(node.child_count - 1) if node.child_count else None
    return last is not None and last.is_missing


def _line_has_error(syntax: Syntax, cursor: Cursor) -> bool:
    start = syntax.document.lines.byte_offset(cursor.line)
    end = start + len(syntax.document.lines[cursor.line].encode())
    node = syntax.tree.root_node.descendant_for_byte_range(start, end)
    return node is not None and node.has_error


def _scanned(syntax: Syntax, cursor: Cursor) -> Kind:
    """Read the cursor's line from its start: its mark may be one that the parser gave up on."""
    text, language = syntax.document.before(cursor), syntax.language
    quote, at = "", 0
    while at < len(text):
        if quote:
            if text[at] == "\\":
                at += 1
            elif text.startswith(quote, at):
                at += len(quote) - 1
                quote = ""
        elif language.comment and text.startswith(language.comment, at):
            return "comment"
        elif language.comment == "//" and text.startswith("/*", at):
            if (at := text.find("*/", at + 2) + 1) == 0:
                return "comment"
        elif text[at] in language.quotes:
            quote = text[at] * 3 if text.startswith(text[at] * 3, at) else text[at]
            at += len(quote) - 1
        at += 1
    return "string" if quote else "code"


def _code_at_or_above(document: Document, cursor: Cursor) -> Cursor:
    """Return the end of the last visible character before `cursor`, or `cursor` if it is far."""
    text = document.before(cursor)
    for line in range(cursor.line, max(-1, cursor.line - SEARCH_LINES), -1):
        if visible := len(text.rstrip()):
            return Cursor(line, visible)
        text = document.lines[line - 1] if line else ""
    return cursor


def _scope_kind(language: Language, node: Node) -> Literal["function", "class"] | None:
    if node.type in language.functions:
        return "function"
    return "class" if node.type in language.classes else None


def _holds(syntax: Syntax, node: Node, body: Node, cursor: Cursor) -> bool:
    """Tell whether `cursor` is in `body`, or below it where more of it is to be written."""
    document = syntax.document
    byte = offset(document, cursor)
    if byte <= body.start_byte and cursor.line <= _header_end(body).row:
        return False
    if byte < node.end_byte:
        return True
    if syntax.language.block == ":":
        line = document.lines[cursor.line]
        inner = indentation(line) if line.strip() else document.before(cursor)
        outer = indentation(document.lines[node.start_point.row])
        return len(inner) > len(outer)
    last = body.child(body.child_count - 1) if body.child_count else None
    return last is not None and last.is_missing


def _name(document: Document, node: Node) -> str:
    named = node.child_by_field_name("name")
    while named is None or named.type.endswith("declarator"):
        inner = (named or node).child_by_field_name("declarator")
        if inner is None:
            break
        named = inner
    named = named or node.child_by_field_name("type")
    if named is None:
        return ""
    start, end = (cursor_at(document, at) for at in (named.start_point, named.end_point))
    return document.lines[start.line][start.column : end.column if end.line == start.line else None]


def _header(document: Document, node: Node, body: Node) -> Span:
    return Span(cursor_at(document, node.start_point), cursor_at(document, _header_end(body)))


def _header_end(body: Node) -> Point:
    """Return where the signature before `body` ends; broken code and comments may lie between."""
    before = body.prev_sibling
    while before is not None and before.is_extra:
        before = before.prev_sibling
    return body.start_point if before is None else before.end_point
