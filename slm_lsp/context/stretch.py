"""The part of a long document that stands for all of it around a place.

An edit makes tree-sitter visit every sibling of what it touched, so a key in a file of thousands
of declarations takes milliseconds. Here the far ones are left out: what encloses the place keeps
its head and its end, and between them stand only the children close by. That is still a program,
of the same shape around the place, and small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tree_sitter import Point, Range

from slm_lsp.context.tree import LAST_BYTE, Overrun, offset, path
from slm_lsp.text import Cursor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from slm_lsp.context.tree import Syntax

SHORT_LINES = 512
"""Up to here a document is parsed whole."""

NEAR_LINES = 64
"""What begins or ends further away than this is left out."""

HEAD_LINES = 64
"""So many lines of the document stay, for its imports."""

MARGIN_LINES = 16
"""A stretch serves places that are at least so far from what it leaves out."""

_Place = tuple[int, "Point"]
"""A byte offset and the row and column there."""


def stretch(syntax: Syntax, line: int) -> Overrun:
    """Return the parse that is to be made of what surrounds `line` in the document of `syntax`.

    The tree may be outdated: it only tells where declarations begin and end.
    """
    start: _Place = (0, Point(0, 0))
    ranges = []
    for first, last in sorted(_far(syntax, line)):
        if first[0] > start[0]:
            ranges.append(Range(start[1], first[1], start[0], first[0]))
        start = max(start, last)
    ranges.append(Range(start[1], Point(LAST_BYTE, LAST_BYTE), start[0], LAST_BYTE))
    return Overrun(syntax.document, syntax.language, None, tuple(ranges))


def serves(near: Syntax | Overrun, line: int) -> bool:
    """Tell whether `line` is well inside of the stretch that `near` is, or was, a tree of."""
    ranges = [] if near.tree is None else near.tree.included_ranges
    last = len(near.document.lines)
    return any(
        (it.start_byte == 0 or it.start_point.row + MARGIN_LINES <= line)
        and (it.end_point.row >= last or line + MARGIN_LINES <= it.end_point.row)
        for it in ranges
    )


def _far(syntax: Syntax, line: int) -> Iterator[tuple[_Place, _Place]]:
    """Yield from where to where text is to be left out."""
    lines = syntax.document.lines
    top = lines.byte_offset(max(0, line - NEAR_LINES))
    bottom = lines.byte_offset(min(line + NEAR_LINES + 1, len(lines)))
    here = offset(syntax.document, Cursor(line, len(lines[line]) - len(lines[line].lstrip())))
    nodes = path(syntax, here)
    for node, inner in zip(nodes, [*nodes[1:], None], strict=True):
        if node.start_byte < top and (above := _above(node, inner, top)):
            yield above
        if node.end_byte > bottom and (below := _below(node, inner, bottom)):
            yield below


def _above(node: Node, inner: Node | None, top: int) -> tuple[_Place, _Place] | None:
    """Return from where to where the children far above reach; the head of `node` stays."""
    walk = node.walk()
    if walk.goto_first_child_for_byte(top) is None:
        return None
    kept = walk.node
    while kept is not None and kept != inner and (kept.start_byte < top or not kept.is_named):
        kept = kept.next_sibling
    if inner is not None and (kept is None or inner.start_byte < kept.start_byte):
        kept = inner
    walk.reset(node)
    head = max(node.start_point.row + 1, HEAD_LINES)
    if kept is None or walk.goto_first_child_for_point(Point(head, 0)) is None:
        return None
    first = walk.node
    while first is not None and first.start_point.row < head:
        first = first.next_sibling
    if first is None or first.start_byte >= kept.start_byte:
        return None
    return (first.start_byte, first.start_point), (kept.start_byte, kept.start_point)


def _below(node: Node, inner: Node | None, bottom: int) -> tuple[_Place, _Place] | None:
    """Return from where to where the children far below reach; the last one of `node` stays."""
    walk = node.walk()
    if walk.goto_first_child_for_byte(bottom) is None:
        return None
    far = walk.node
    if far is not None and far == inner:
        far = far.next_sibling
    last = node.child(node.child_count - 1)
    if far is None or last is None:
        return None
    before = far.prev_sibling
    if before is not None and before != inner and before.type in (",", ";"):
        far = before
    if far.start_byte >= last.start_byte:
        return None
    return (far.start_byte, far.start_point), (last.start_byte, last.start_point)
