"""Lines of documentation, in docstrings and in comments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from slm_lsp.context.tree import cursor_at
from slm_lsp.text import Cursor, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tree_sitter import Node

    from slm_lsp.text import Document

_MARK = re.compile(r'\s*(///|//!?|/\*[*!]?|\*(?!/)|#+|--+|[rR]?"""|)\s*')
_END = re.compile(r'\s*(\*+/|""")?\s*$')
"""What a line of documentation begins and ends with beside its text."""

MIN_WORDS = 4
"""A line of documentation with fewer words says nothing that could be foreseen."""

_NO_DOCUMENTATION = re.compile(r"copyright|licen[cs]e|SPDX|^(TODO|FIXME)\b", re.IGNORECASE)


def is_documentation(comment: Node, kinds: Mapping[int, str]) -> bool:
    """Tell whether `comment` is marked as such, or stands right above what it may be about.

    `kinds` are those of `captures`, by the id of the node.
    """
    if (comment.text or b"").startswith((b"/**", b"///", b"//!")):
        return True
    following = comment.next_named_sibling
    while following is not None and following.type == comment.type:
        comment, following = following, following.next_named_sibling
    if following is None or following.start_point.row != last_row(comment) + 1:
        return False
    nodes = (following, *following.named_children)
    return any(kinds.get(it.id) in ("function", "class") for it in nodes)


def documentation_lines(document: Document, node: Node) -> Iterator[Span]:
    """Yield each line of the documentation `node` without its marks, if it says enough."""
    first, last = (cursor_at(document, at) for at in (node.start_point, node.end_point))
    for row in range(first.line, last.line + 1):
        line = document.lines[row]
        end = last.column if row == last.line else len(line)
        mark = _MARK.match(line, first.column if row == first.line else 0, end)
        begin = mark.end() if mark else 0
        text = _END.sub("", line[begin:end])
        if len(text.split()) >= MIN_WORDS and not _NO_DOCUMENTATION.search(text):
            yield Span(Cursor(row, begin), Cursor(row, begin + len(text)))


def last_row(node: Node) -> int:
    """Return the last row with text of `node`; some nodes end with their line feed."""
    end = node.end_point
    return end.row - (end.column == 0 and end.row > node.start_point.row)
