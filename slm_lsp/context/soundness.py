"""Whether a completion leaves sound code sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.context.tree import Overrun, Syntax, parse, shift
from slm_lsp.text import Edit

if TYPE_CHECKING:
    from tree_sitter import Tree

    from slm_lsp.text import Completion, Document


def errors_added(
    document: Document,
    syntax: Syntax | None,
    completion: Completion,
    budget_ms: float | None = None,
) -> int:
    """Count the syntax errors that `document` has with `completion` and not without it.

    Errors that were there before, around the cursor or elsewhere, do not count. 0 means that it
    does no harm or, without syntax, that nothing is known. A completion that changes so much of
    the tree that parsing takes longer than `budget_ms` milliseconds counts as one error.
    """
    if syntax is None:
        return 0
    edit = Edit(completion.span, completion.text)
    after = document.applied(edit, document.version)
    old = shift(syntax.tree, edit, document, after)
    new = parse(after, Overrun(after, syntax.language, old), budget_ms)
    if not isinstance(new, Syntax):
        return 0 if new is None else 1
    if not new.tree.root_node.has_error:
        return 0
    start = document.lines.byte_offset(completion.span.start.line)
    ranges = old.changed_ranges(new.tree)
    end = (
        start
        + len(document.lines[completion.span.start.line].encode())
        + len(completion.text.encode())
    )
    start = min([start, *(found.start_byte for found in ranges)])
    end = max([end, *(found.end_byte for found in ranges)])
    added = _errors(new.tree, start, end) - _errors(old, start, end)
    return max(added, 0 if syntax.tree.root_node.has_error else 1)


def _errors(tree: Tree, start: int, end: int) -> int:
    """Count the error and missing nodes of `tree` that touch the bytes from `start` to `end`."""
    count, walk = 0, tree.walk()
    pending = True
    while True:
        node = walk.node
        assert node is not None
        inside = node.has_error and node.start_byte <= end and node.end_byte >= start
        if pending and inside:
            count += node.is_error or node.is_missing
            if walk.goto_first_child_for_byte(max(0, start - 1)) is not None:
                continue
        pending = node.start_byte <= end and walk.goto_next_sibling()
        if not pending and not walk.goto_parent():
            return count
