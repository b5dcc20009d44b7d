"""What a cursor stands in: code, a string or a comment, and which functions and classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from slm_lsp.syntax.captures import captures_at
from slm_lsp.syntax.tree import cursor_at, offset
from slm_lsp.text.document import Cursor, Span
from slm_lsp.text.lines import content_length

if TYPE_CHECKING:
    from tree_sitter import Node, Point

    from slm_lsp.syntax.tree import Syntax
    from slm_lsp.text.document import Document

Kind = Literal["code", "string", "comment"]

SEARCH_LINES = 64
"""Lines in which what stands before a cursor is looked for: its own, and blank ones above."""


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
    byte = offset(syntax.document, cursor)
    for capture in reversed(captures_at(syntax, byte - 1) if byte else []):
        node = capture.node
        if capture.kind == "code" and byte < node.end_byte:
            return "code"
        if capture.kind == "comment" and _in_comment(syntax, node, cursor, byte):
            return "comment"
        if capture.kind == "string" and _in_string(node, byte):
            return "string"
    if syntax.tree.root_node.has_error and _line_has_error(syntax, cursor):
        return _scanned(syntax, cursor)
    return "code"


def scopes(syntax: Syntax | None, cursor: Cursor) -> tuple[Scope, ...]:
    """Return the functions and classes whose bodies hold `cursor`, outermost first."""
    if syntax is None:
        return ()
    document = syntax.document
    anchor = visible_before(document, cursor) or cursor
    found = []
    for capture in captures_at(syntax, max(0, offset(document, anchor) - 1)):
        if capture.kind in ("function", "class"):
            kind: Literal["function", "class"] = "class" if capture.kind == "class" else "function"
            node = capture.node
            body = node.child_by_field_name("body")
            if _holds(syntax, node, body, cursor):
                found.append(Scope(name_of(document, node), kind, header_of(document, node, body)))
    return tuple(found)


def visible_before(document: Document, cursor: Cursor) -> Cursor | None:
    """Return the end of the last visible character before `cursor`, or None if none is near."""
    text = document.before(cursor)
    for line in range(cursor.line, max(-1, cursor.line - SEARCH_LINES), -1):
        if visible := len(text.rstrip()):
            return Cursor(line, visible)
        text = document.lines[line - 1] if line else ""
    return None


def indentation(line: str) -> str:
    """Return the white space that `line` begins with, without a terminator."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def next_line(document: Document, line: int) -> str:
    """Return the first visible one of the three lines below `line`, or nothing."""
    below = document.lines.slice(line + 1, line + 4)
    return next((text for text in below if text.strip()), "")


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


def _holds(syntax: Syntax, node: Node, body: Node | None, cursor: Cursor) -> bool:
    """Tell whether `cursor` is in `body`, or below it where more of it is to be written."""
    document = syntax.document
    byte = offset(document, cursor)
    if body is None:
        return node.start_point.row < cursor.line and byte < node.end_byte
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


def name_of(document: Document, node: Node) -> str:
    """Return the name of a function or class, empty where it has none."""
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


def header_of(document: Document, node: Node, body: Node | None) -> Span:
    """Return the signature of `node`: its first line where the grammar does not tell its body."""
    start = cursor_at(document, node.start_point)
    if body is None:
        return Span(start, Cursor(start.line, content_length(document.lines[start.line])))
    return Span(start, cursor_at(document, _header_end(body)))


def _header_end(body: Node) -> Point:
    """Return where the signature before `body` ends; broken code and comments may lie between."""
    before = body.prev_sibling
    while before is not None and before.is_extra:
        before = before.prev_sibling
    return body.start_point if before is None else before.end_point
