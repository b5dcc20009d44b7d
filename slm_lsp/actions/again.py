"""A text in which the model has read a function before it writes about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.actions.frame import Gap, behind, replaced
from slm_lsp.text import Cursor, Document, Span

if TYPE_CHECKING:
    from slm_lsp.context.functions import Function

ABOVE_LINES = 200
"""How much text above the function is in it."""


def again(document: Document, function: Function, lead: str) -> Gap:
    """Return what stands above `function`, the function, then `lead`, and a gap behind that.

    What is written about a function stands before its body, and the model reads from the start.
    """
    line = function.header.start.line
    start = Cursor(max(0, line - ABOVE_LINES), 0)
    read = document.unix_text_in(Span(start, function.whole.end))
    text = f"{read}\n\n\n{lead}"
    empty = Document.of("", uri=document.uri, language=document.language, path=document.path)
    place = Cursor(0, 0)
    return Gap(replaced(empty, Span.at(place), text), behind(place, text))


def header_text(document: Document, function: Function) -> str:
    """Return the header of `function` with its indentation and what stands before it there."""
    start = Cursor(function.header.start.line, 0)
    return document.unix_text_in(Span(start, function.header.end))
