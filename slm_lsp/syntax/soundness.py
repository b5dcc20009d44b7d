"""Whether a completion leaves sound code sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.syntax.partial_parse import SHORT_LINES, partial_parse
from slm_lsp.syntax.position import inside
from slm_lsp.syntax.tree import (
    PendingParse,
    Syntax,
    parse,
    shift,
)
from slm_lsp.text.boundaries import leaves_open
from slm_lsp.text.document import Edit

if TYPE_CHECKING:
    from tree_sitter import Tree

    from slm_lsp.text.document import Completion, Document


SHORT_BYTES = 100_000
"""A short document takes no more in UTF-8; one of few lines that does has data in them."""


def parses_little(document: Document, syntax: Syntax | None) -> bool:
    """Tell whether `errors_added` parses no more than a short document, or a part of one."""
    if syntax is None or syntax.partial:
        return True
    return len(document.lines) <= SHORT_LINES and document.lines.size <= SHORT_BYTES


def errors_added(
    document: Document,
    syntax: Syntax | None,
    completion: Completion,
    budget_ms: float | None = None,
) -> int:
    """Count the syntax errors that `document` has with `completion` and not without it.

    Errors that were there before, around the cursor or elsewhere, do not count; code that becomes
    a comment does. 0 means that it does no harm or, without syntax, that nothing is known. A parse
    that takes longer than `budget_ms` milliseconds counts as one error: only something that turns
    the meaning of all that follows takes long.
    """
    if syntax is None or not syntax.language.complete:
        return 0
    known: Syntax | PendingParse | None = syntax
    if len(document.lines) > SHORT_LINES and not syntax.partial:
        line = completion.span.start.line
        known = parse(document, partial_parse(syntax, line), budget_ms=budget_ms)
    if not isinstance(known, Syntax):
        return 0 if known is None else 1
    return _errors_added(known, Edit(completion.span, completion.text), budget_ms)


def _errors_added(syntax: Syntax, edit: Edit, budget_ms: float | None) -> int:
    document = syntax.document
    after = document.applied(edit, document.version)
    old = shift(syntax.tree, edit, document, after)
    new = parse(after, PendingParse(after, syntax.language, old), budget_ms=budget_ms)
    if not isinstance(new, Syntax):
        return 0 if new is None else 1
    if _comments_out(syntax, new, edit):
        return 1
    if not new.tree.root_node.has_error:
        return 0
    line = edit.span.start.line
    ranges = old.changed_ranges(new.tree)
    start = after.lines.byte_offset(line)
    end = after.lines.byte_offset(line + edit.text.count("\n") + 1)
    start = min([start, *(changed.start_byte for changed in ranges)])
    end = max([end, *(changed.end_byte for changed in ranges)])
    added = _errors(new.tree, start, end) - _errors(old, start, end)
    # An error that the text mends would make up for a bracket that it leaves open.
    harmful = leaves_open(edit.text) or not syntax.tree.root_node.has_error
    return max(added, 1 if harmful else 0)


def _comments_out(syntax: Syntax, new: Syntax, edit: Edit) -> bool:
    """Tell whether `edit` makes a comment of what follows it on its line and was none."""
    if not syntax.document.after(edit.span.end).strip():
        return False
    end = new.document.span_of(edit.span.start, len(edit.text)).end
    return inside(new, end) == "comment" and inside(syntax, edit.span.end) != "comment"


def _errors(tree: Tree, start: int, end: int) -> int:
    """Count the error and missing nodes of `tree` that touch the bytes from `start` to `end`."""
    count, walk = 0, tree.walk()
    while True:
        node = walk.node
        assert node is not None
        if node.has_error and node.start_byte <= end and node.end_byte >= start:
            count += node.is_error or node.is_missing
            if walk.goto_first_child_for_byte(max(0, start - 1)) is not None:
                continue
        while node.start_byte > end or not walk.goto_next_sibling():
            if not walk.goto_parent():
                return count
            node = walk.node
            assert node is not None
