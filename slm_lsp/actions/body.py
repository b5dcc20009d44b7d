"""Writes the body of a function that has none yet."""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from slm_lsp.actions.frame import Action, Frame, behind, replaced
from slm_lsp.completion.stop import Stop
from slm_lsp.completion.tidy import without_circles
from slm_lsp.context.block import indent_unit
from slm_lsp.context.functions import PLACEHOLDER, function_at, is_placeholder
from slm_lsp.context.place import indentation
from slm_lsp.errors import ActionRefused
from slm_lsp.text import Cursor, Span, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slm_lsp.completion.generate import Draft
    from slm_lsp.context.functions import Function
    from slm_lsp.context.language_table import Language
    from slm_lsp.context.tree import Syntax
    from slm_lsp.text import Document

_LEAVES = re.compile(r"(?:return|raise|throw)\b|panic[!(]")
"""How a statement begins that leaves its function."""


def find(syntax: Syntax, cursor: Cursor) -> Frame | None:
    """Offer a body for the function at `cursor` where only a placeholder stands, or nothing."""
    document = syntax.document
    function = function_at(syntax, cursor)
    if function is None or not is_placeholder(document, function):
        return None
    gap = _own_lines(document, function) or _gap(syntax, function)
    if gap is None:
        return None
    span, lead, tail, indent = gap
    return Frame(
        f"Write the body of {function.name}" if function.name else "Write the body",
        replaced(document, span, lead + tail),
        behind(span.start, lead),
        Stop((), indent),
        span,
        partial(_texts, syntax.language, indent, lead, tail),
    )


def _own_lines(document: Document, function: Function) -> tuple[Span, str, str, str] | None:
    """Return the gap where a placeholder has lines of its own: span, lead, tail, indentation."""
    if not function.statements:
        return None
    [span] = function.statements
    before = document.before(span.start)
    if before.strip() or document.after(span.end).strip():
        return None
    return span, "", "", before


def _gap(syntax: Syntax, function: Function) -> tuple[Span, str, str, str] | None:
    """Return the gap where a body has to be opened first, or shares a line."""
    document, body = syntax.document, function.body
    line = function.header.start.line
    outer = indentation(document.lines[line])
    inner = outer + indent_unit(document, syntax.language, line)
    if syntax.language.block == ":":
        written = function.statements or (Span.at(body.end),)
        start = function.header.end if function.statements else body.end
        return Span(start, written[-1].end), f"\n{inner}", "", inner
    if not document.text_in(body).startswith("{"):
        return None
    start = Cursor(body.start.line, body.start.column + 1)
    end = Cursor(body.end.line, body.end.column - 1)
    if not function.statements:  # a comment that says what to do stays
        kept = document.text_in(Span(start, end)).rstrip()
        start = document.span_of(start, len(kept)).end
    return Span(start, end), f"\n{inner}", f"\n{outer}", inner


def _texts(language: Language, indent: str, lead: str, tail: str, draft: Draft) -> Iterator[str]:
    """Yield what the model wrote, and then its starts, as a body; never one that is left open."""
    rows = without_circles(visible(draft.text)).split("\n")
    if draft.reason == "length":  # the last line may be cut anywhere
        rows.pop()
    for end in range(min(_repeats(rows), _returned(rows, indent)), 0, -1):
        text = "\n".join(rows[:end]).rstrip()
        if PLACEHOLDER.fullmatch(text.strip()):
            raise ActionRefused("The model wrote a placeholder, too.")
        if not _leads_on(rows[end - 1].strip(), language):
            yield lead + text + tail


def _repeats(rows: Sequence[str]) -> int:
    """Return where a line comes twice in succession: a small model would not stop there."""
    pairs = enumerate(pairwise(row.strip() for row in rows), 1)
    return next((at for at, (one, two) in pairs if len(one) > 2 and one == two), len(rows))


def _returned(rows: Sequence[str], indent: str) -> int:
    """Return where the statement after one that leaves the function begins: it is never reached."""
    left = False
    for at, row in enumerate(rows):
        own = indent if at == 0 else indentation(row)
        if not row.strip() or own != indent or row.strip()[0] in ")]}":
            continue
        if left:
            return at
        left = bool(_LEAVES.match(row.strip()))
    return len(rows)


def _leads_on(line: str, language: Language) -> bool:
    """Tell whether something has to follow on `line`.

    That is a blank one, a comment, the end of a docstring and what opens a block.
    """
    comment = bool(language.comment) and line.startswith(language.comment)
    opens = bool(language.block) and line.endswith((language.block, '"""'))
    return not line or comment or opens


BODY = Action("body", "refactor.rewrite.slm-lsp.body", find)
