"""The function around a cursor, in the parts that somebody would write or replace in one go.

The types in the header of a function, and where more of them could stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.syntax.captures import captures_on
from slm_lsp.syntax.holes import BLOCKS, LISTS
from slm_lsp.syntax.position import header_of, name_of
from slm_lsp.syntax.tree import cursor_at, offset, path
from slm_lsp.text.document import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from slm_lsp.syntax.tree import Syntax
    from slm_lsp.text.document import Cursor, Document

PLACEHOLDER = re.compile(
    r"pass|\.\.\.|(?:todo|unimplemented)!\(.*\);?|TODO\(.*\);?"
    r"|(?:raise|throw|panic)\b.*(?:implement|todo).*",
    re.DOTALL | re.IGNORECASE,
)
"""A statement that stands where the body of a function is still to be written."""

RECEIVERS = frozenset({"self", "cls", "this", "mut"})
"""Names in a list of parameters that no caller passes a value for."""

_COMMENT_MARKS = ("//", "/*", "*", "#:", "---", '"""')


@dataclass(frozen=True, slots=True)
class Function:
    """A function as the tree knows it.

    `whole` reaches from its header to the end of its `body`, which in languages with braces has
    them in it. `statements` are those of the body without comments and the docstring; `documented`
    tells whether there is one, or a comment right above. `parameters` are the names that a caller
    passes values for.
    """

    name: str
    whole: Span
    header: Span
    body: Span
    statements: tuple[Span, ...]
    parameters: tuple[str, ...]
    documented: bool

    def header_on(self, line: int) -> bool:
        """Tell whether some of the header is on `line`."""
        return self.header.start.line <= line <= self.header.end.line


def function_at(syntax: Syntax, cursor: Cursor) -> Function | None:
    """Return the innermost function that holds `cursor`, or that the cursor's line begins.

    None, too, where its text has a syntax error, or no body.
    """
    document = syntax.document
    byte = offset(document, document.clamp(cursor))
    functions = [it.node for it in captures_on(syntax, cursor.line) if it.kind == "function"]
    around = [node for node in functions if node.start_byte <= byte <= node.end_byte]
    begun = [node for node in functions if node.start_point.row == cursor.line]
    node = next(iter([*reversed(around), *begun]), None)
    return None if node is None or node.has_error else _function(document, node)


def empty_block_at(syntax: Syntax, cursor: Cursor) -> Function | None:
    """Return the block still to be written that `cursor` is in, or whose header ends on its line.

    It is what a branch, a loop or a function without a name does; None where there is none.
    """
    document = syntax.document
    byte = offset(document, document.clamp(cursor))
    around = (at for end in (byte, max(0, byte - 1)) for at in reversed(path(syntax, end)))
    for node in around:
        for body in node.children:
            if body.type not in BLOCKS or node.has_error:
                continue
            found = _parts(document, node, body)
            here = cursor.line == found.header.end.line or body.start_byte <= byte <= body.end_byte
            if here and is_placeholder(document, found):
                return found
    return None


def is_placeholder(document: Document, function: Function) -> bool:
    """Tell whether the body of `function` is still to be written."""
    statements = [document.text_in(span).strip() for span in function.statements]
    return not statements or (len(statements) == 1 and bool(PLACEHOLDER.fullmatch(statements[0])))


def _function(document: Document, node: Node) -> Function | None:
    body = node.child_by_field_name("body")
    if body is None or body.type not in BLOCKS | {"function_body"}:
        return None
    return _parts(document, node, body)


def _parts(document: Document, node: Node, body: Node) -> Function:
    written = [child for child in _statements(body) if not child.is_extra]
    documented = bool(written) and is_docstring(written[0])
    header = header_of(document, node, body)
    return Function(
        name_of(document, node),
        Span(header.start, _span(document, body).end),
        header,
        _span(document, body),
        tuple(_span(document, child) for child in written[documented:]),
        tuple(_parameters(node)),
        documented or _comment_above(document, header.start.line),
    )


def _statements(body: Node) -> list[Node]:
    inner = body.named_children
    while len(inner) == 1 and inner[0].type in BLOCKS | LISTS:
        inner = inner[0].named_children
    return inner


def is_docstring(statement: Node) -> bool:
    """Tell whether `statement`, the first one of a body, documents it."""
    inner = statement.named_children
    return statement.type == "string" or (
        statement.type == "expression_statement" and len(inner) == 1 and inner[0].type == "string"
    )


def _comment_above(document: Document, line: int) -> bool:
    above = document.lines[line - 1].strip() if line else ""
    return above.startswith(_COMMENT_MARKS)


def _parameters(node: Node) -> Iterator[str]:
    holder: Node | None = node
    while holder is not None and holder.child_by_field_name("parameters") is None:
        holder = holder.child_by_field_name("declarator")
    listed = holder.child_by_field_name("parameters") if holder is not None else None
    for parameter in listed.named_children if listed is not None else ():
        for name in _names(parameter):
            if name.isidentifier() and name not in RECEIVERS:
                yield name


def _names(parameter: Node) -> Iterator[str]:
    """Yield what one entry of a list of parameters is called: several in Go, one elsewhere."""
    if parameter.is_extra:
        return
    named = parameter.children_by_field_name("name")
    inner = named or [
        node
        for field in ("pattern", "left", "declarator")
        if (node := parameter.child_by_field_name(field)) is not None
    ]
    inner = inner or ([] if parameter.type.endswith("identifier") else parameter.named_children[:1])
    if not inner:
        yield (parameter.text or b"").decode(errors="replace")
    for node in inner:
        yield from _names(node)


def _span(document: Document, node: Node) -> Span:
    return Span(cursor_at(document, node.start_point), cursor_at(document, node.end_point))


@dataclass(frozen=True, slots=True)
class Signature:
    """What a header says.

    `untyped` are where the names of parameters without a type start and end, `returns` tells
    whether there is a type of what it returns. `bare` is the header without types, blanks and
    colons, `types` are the texts of those.
    """

    untyped: tuple[tuple[Cursor, Cursor], ...]
    returns: bool
    bare: str
    types: tuple[str, ...]


def signature_of(syntax: Syntax, function: Function) -> Signature | None:
    """Return what the header of `function` says, or None where it has no list of parameters."""
    document = syntax.document
    body = offset(document, function.body.start)
    node = next(filter(None, (_owner(node, body) for node in reversed(path(syntax, body)))), None)
    listed = node and node.child_by_field_name("parameters")
    if node is None or listed is None:
        return None
    parameters = [it for it in listed.named_children if not it.is_extra]
    types = [it.child_by_field_name("type") for it in parameters]
    returned = node.child_by_field_name("return_type")
    names = [
        it.child_by_field_name("pattern") or it.child_by_field_name("name") or it
        for it, written in zip(parameters, types, strict=True)
        if written is None
    ]
    start = offset(document, function.header.start)
    raw = document.unix_text_in(function.header).encode()
    found = [it for it in (*types, returned) if it is not None]
    texts = (it.text for it in found)
    return Signature(
        tuple(
            (cursor_at(document, it.start_point), cursor_at(document, it.end_point)) for it in names
        ),
        returned is not None,
        "".join(_without(raw, start, found)),
        tuple(text.decode("utf-8", "replace") for text in texts if text is not None),
    )


def _owner(node: Node, body: int) -> Node | None:
    found = node.child_by_field_name("body")
    return node if found is not None and found.start_byte == body else None


def _without(raw: bytes, start: int, types: list[Node]) -> Iterator[str]:
    at = 0
    for node in types:
        yield _bare(raw[at : node.start_byte - start])
        at = node.end_byte - start
    yield _bare(raw[at:])


def _bare(raw: bytes) -> str:
    return "".join(raw.decode("utf-8", "replace").replace(":", "").split())
