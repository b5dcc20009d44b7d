"""The types in the header of a function, and where more of them could stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.context.tree import cursor_at, offset, path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from slm_lsp.context.functions import Function
    from slm_lsp.context.tree import Syntax
    from slm_lsp.text import Cursor


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
