"""Pieces of code that a person writes in one go: where an evaluation may punch holes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from slm_lsp.syntax.captures import captures_of
from slm_lsp.syntax.tree import (
    Syntax,
    cursor_at,
    offset,
    parse,
    path,
)
from slm_lsp.text.document import Cursor, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from slm_lsp.text.document import Document

Piece = Literal["statement", "block", "arguments"]

BLOCKS = frozenset({"block", "statement_block", "compound_statement", "constructor_body"})
"""Kinds of nodes, in all grammars, that hold the statements of a body."""

LISTS = frozenset({"statement_list"})
"""Kinds of nodes that stand between a block and its statements (Go)."""

ARGUMENTS = frozenset({"arguments", "argument_list"})
"""Kinds of nodes that hold the arguments of a call, in round brackets."""

CALLS = frozenset(
    {
        "call",
        "call_expression",
        "function_call_expression",
        "member_call_expression",
        "method_invocation",
        "new_expression",
        "nullsafe_member_call_expression",
        "object_creation_expression",
        "scoped_call_expression",
    }
)
"""Kinds of nodes that are calls; a Python class has a list of arguments too."""


def pieces(syntax: Syntax) -> Iterator[tuple[Piece, Span]]:
    """Yield the pieces of `syntax` that hold no syntax error, in the order of the text.

    A block reaches from its first statement to the end of its last one, arguments from the first
    to the last without the brackets. Functions and classes inside a block are no statements.
    """
    outside = _no_statements(syntax)
    stack = [syntax.tree.root_node]
    while stack:
        node = stack.pop()
        stack.extend(reversed(node.named_children))
        if node.has_error:
            continue
        if node.type in ARGUMENTS and node.parent is not None and node.parent.type in CALLS:
            yield from _around("arguments", syntax.document, node.named_children)
        elif node.type in BLOCKS:
            inner = _statements(node)
            yield from _around("block", syntax.document, inner)
            for child in inner:
                if child.id not in outside:
                    yield from _around("statement", syntax.document, [child])


def empty_arguments_at(syntax: Syntax, cursor: Cursor) -> Span | None:
    """Return what is between the brackets of the call that `cursor` is in, if that is nothing."""
    document = syntax.document
    byte = offset(document, document.clamp(cursor))
    for node in reversed(path(syntax, max(0, byte - 1))):
        if node.type in ARGUMENTS and node.parent is not None and node.parent.type in CALLS:
            if node.named_children or not node.start_byte < byte < node.end_byte:
                return None
            start, end = (cursor_at(document, at) for at in (node.start_point, node.end_point))
            return Span(Cursor(start.line, start.column + 1), Cursor(end.line, end.column - 1))
    return None


def sound(document: Document) -> bool | None:
    """Tell whether `document`, parsed from scratch, has no syntax error; None without a grammar."""
    syntax = parse(document)
    return not syntax.tree.root_node.has_error if isinstance(syntax, Syntax) else None


def _statements(block: Node) -> list[Node]:
    children = block.named_children
    return children[0].named_children if children and children[0].type in LISTS else children


def _no_statements(syntax: Syntax) -> set[int]:
    """Return the ids of the nodes that are comments, functions and classes."""
    kinds = ("comment", "function", "class")
    nodes = [it.node for it in captures_of(syntax) if it.kind in kinds]
    parents = [it.parent for it in nodes if it.parent and it.parent.type == "decorated_definition"]
    return {it.id for it in (*nodes, *parents)}


def _around(piece: Piece, document: Document, nodes: list[Node]) -> Iterator[tuple[Piece, Span]]:
    """Yield the span from the first of `nodes` to the end of the last, if it holds anything."""
    if nodes:
        start, end = (cursor_at(document, at) for at in (nodes[0].start_point, nodes[-1].end_point))
        if start < end:
            yield piece, Span(start, end)
