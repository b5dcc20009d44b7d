"""Writes the body of a function, branch or loop that has none yet."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from slm_lsp.actions.frame import Action, Frame, Gap, behind, replaced
from slm_lsp.actions.statements import statements
from slm_lsp.completion.stop import Stop
from slm_lsp.context.block import indent_unit
from slm_lsp.context.functions import (
    empty_block_at,
    function_at,
    is_placeholder,
)
from slm_lsp.context.place import indentation
from slm_lsp.text import Cursor, Span

if TYPE_CHECKING:
    from slm_lsp.actions.frame import Place
    from slm_lsp.context.functions import Function
    from slm_lsp.context.tree import Syntax
    from slm_lsp.text import Document


def find(place: Place) -> Frame | None:
    """Offer a body for the function or block at the cursor where only a placeholder stands."""
    syntax, cursor = place.syntax, place.cursor
    document = syntax.document
    function, title = function_at(syntax, cursor), "Write the body"
    if function is not None and is_placeholder(document, function):
        title += f" of {function.name}" if function.name else ""
    else:
        function, title = empty_block_at(syntax, cursor), "Write this block"
    if function is None:
        return None
    gap = _own_lines(document, function) or _gap(syntax, function)
    if gap is None:
        return None
    span, lead, tail, indent = gap
    return Frame(
        title,
        Gap(replaced(document, span, lead + tail), behind(span.start, lead)),
        Stop((), indent),
        span,
        partial(statements, syntax.language, indent, lead, tail),
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


BODY = Action("body", find)
