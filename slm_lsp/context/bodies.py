"""What the lines of a body are: statements, declarations, columns, the children of a tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.context.holes import BLOCKS, LISTS

if TYPE_CHECKING:
    from tree_sitter import Node

BODIES = (
    BLOCKS
    | LISTS
    | {
        "block_mapping",
        "block_node",
        "block_sequence",
        "body_statement",
        "class_body",
        "column_definitions",
        "declaration_list",
        "do_group",
        "element",
        "field_declaration_list",
        "from",
        "function_body",
        "jsx_element",
        "statement",
        "then",
    }
)
"""Kinds of nodes, in all grammars, whose children are the lines of a body."""

TAGS = frozenset({"start_tag", "self_closing_tag", "jsx_opening_element", "jsx_closing_element"})
CLOSING_TAGS = frozenset({"end_tag", "jsx_closing_element"})
_NO_STATEMENTS = TAGS | CLOSING_TAGS | {"dollar_quote", "jsx_text", "text"}
_UNNAMED_BODIES = frozenset({"block", "column_definitions", "function_body"})


def body_of(node: Node) -> Node | None:
    """Return what the lines below the header of `node` are in, if its grammar has that."""
    for field in ("body", "consequence", "value"):
        body = node.child_by_field_name(field)
        if body is not None and (field != "value" or body.type == "block_node"):
            return body
    inner = (it for it in node.named_children if it.type in _UNNAMED_BODIES)
    return next(inner, None)


def statements_of(body: Node | None) -> list[Node]:
    """Return what is in `body` but comments and the marks around it."""
    inner = body.named_children if body is not None else []
    while len(inner) == 1 and inner[0].type in BODIES:
        inner = inner[0].named_children
    return [
        it
        for it in inner
        if not it.is_extra and it.type not in _NO_STATEMENTS and not it.type.startswith("keyword_")
    ]
