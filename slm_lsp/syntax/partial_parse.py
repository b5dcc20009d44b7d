"""The part of a long document that stands for all of it around a place.

An edit makes tree-sitter visit every sibling of what it touched, so a key in a file of thousands
of declarations takes milliseconds. Here the far ones are left out: what encloses the place keeps
its head and what closes it, and between them stand only the children close by. That is still a
program, of the same shape around the place, and small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tree_sitter import Point, Range

from slm_lsp.syntax.tree import (
    LAST_BYTE,
    PendingParse,
    path,
    ranges_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from slm_lsp.syntax.tree import Syntax

SHORT_LINES = 512
"""Up to here a document is parsed whole."""

NEAR_LINES = 48
"""What begins or ends further away than this is left out."""

HEAD_LINES = 64
"""So many lines of the document stay, for its imports."""

MARGIN_LINES = 16
"""A stretch serves places that are at least so far from what it leaves out."""

_ALL = Range(Point(0, 0), Point(LAST_BYTE, LAST_BYTE), 0, LAST_BYTE)

_Place = tuple[int, "Point"]
"""A byte offset and the row and column there."""


def partial_parse(syntax: Syntax, line: int) -> PendingParse:
    """Return the parse that is to be made of what surrounds `line` in the document of `syntax`.

    The tree may be outdated: it only tells where declarations begin and end. Where the parser has
    given up around the place, only what is whole in there is cut.
    """
    part = _without_structure(syntax, line) or _ALL
    start: _Place = (part.start_byte, part.start_point)
    ranges = []
    for first, last in sorted(_far(syntax, line)):
        if last[0] > part.end_byte:
            break
        if first[0] > start[0]:
            ranges.append(Range(start[1], first[1], start[0], first[0]))
        start = max(start, last)
    if start[0] < part.end_byte or not ranges:  # what is left out may reach to the part's end
        ranges.append(Range(start[1], part.end_point, start[0], part.end_byte))
    return PendingParse(syntax.document, syntax.language, None, tuple(ranges))


def serves(near: Syntax | PendingParse, line: int) -> bool:
    """Tell whether `line` is well inside of the stretch that `near` is, or was, a tree of."""
    ranges = [] if near.tree is None else ranges_of(near.tree)
    last = len(near.document.lines)
    return any(
        (it.start_byte == 0 or it.start_point.row + MARGIN_LINES <= line)
        and (it.end_point.row >= last or line + MARGIN_LINES <= it.end_point.row)
        for it in ranges
    )


def _without_structure(syntax: Syntax, line: int) -> Range | None:
    """Return the lines around `line`, and what they are part of, where the parser has given up.

    None where it has not.
    """
    lines = syntax.document.lines
    first, last = max(0, line - NEAR_LINES), min(line + NEAR_LINES, len(lines) - 1)
    above, below = (path(syntax, lines.byte_offset(number)) for number in (first, last))
    if not any(node.is_error for node in (*above, *below)):
        return None
    first = next((it.start_point.row for it in above[1:] if not it.is_error), first)
    last = next((it.end_point.row for it in below[1:] if not it.is_error), last)
    start, end = lines.byte_offset(first), lines.byte_offset(last + 1)
    return Range(Point(first, 0), Point(last + 1, 0), start, end)


def _far(syntax: Syntax, line: int) -> Iterator[tuple[_Place, _Place]]:
    """Yield from where to where text is to be left out."""
    lines, root = syntax.document.lines, syntax.tree.root_node
    top = lines.byte_offset(max(0, line - NEAR_LINES))
    bottom = lines.byte_offset(min(line + NEAR_LINES + 1, len(lines)))
    for far, cuts in ((_above, _cut(root, top)), (_below, _cut(root, bottom))):
        for node, child, inside in cuts:
            if node.is_error:
                continue  # it is not known what of it belongs together
            first, last = far(node, child, inside=inside)
            if first is None or last is None:
                continue
            start = first.start_byte, first.start_point
            end = last.start_byte, last.start_point
            if far is _below and node == root:  # nothing closes it: its last child is one of many
                end = last.end_byte, last.end_point
            if start < end:
                yield start, end


def _cut(node: Node | None, byte: int) -> Iterator[tuple[Node, Node, bool]]:
    """Yield the nodes that have the place `byte` in the midst of them, from the outside in.

    With each comes its first child that does not end before `byte`, and whether that has it inside.
    """
    inside = node is not None
    while node is not None and inside:
        walk = node.walk()
        child = None if walk.goto_first_child_for_byte(byte) is None else walk.node
        if child is None:
            return
        inside = child.start_byte < byte
        yield node, child, inside
        node = child


def _above(node: Node, child: Node, *, inside: bool) -> tuple[Node | None, Node | None]:
    """Return the first child of `node` to be left out, below its head, and the next one to stay."""
    kept: Node | None = child
    while kept is not None and not kept.is_named and not inside:
        kept = kept.next_sibling
    head = max(node.start_point.row + 1, HEAD_LINES)
    walk = node.walk()
    if walk.goto_first_child_for_point(Point(head, 0)) is None:
        return None, None
    first = walk.node
    while first is not None and first.start_point.row < head:
        first = first.next_sibling
    return first, kept


def _below(node: Node, child: Node, *, inside: bool) -> tuple[Node | None, Node | None]:
    """Return the first child of `node` to be left out, and the last one, which may stay."""
    far = child.next_sibling if inside else child
    before = None if far is None else far.prev_sibling
    if before is not None and before != child and before.type in (",", ";"):
        far = before
    return far, node.child(node.child_count - 1)
