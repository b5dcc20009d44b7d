"""What tasks for a model that follows instructions have in common: code in, code out."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from slm_lsp.completion.postprocess import without_circles
from slm_lsp.completion.stop import Stop
from slm_lsp.context.secrets import masked
from slm_lsp.errors import ActionRefused
from slm_lsp.inference.protocol import Chat
from slm_lsp.syntax.functions import function_at
from slm_lsp.syntax.position import indentation
from slm_lsp.text.document import Cursor, Span, visible
from slm_lsp.text.lines import content_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.actions.frame import ActionContext
    from slm_lsp.completion.generate import Draft
    from slm_lsp.text.document import Document

MAX_LINES = 60
"""The longest code that a task is about: an answer of as many lines is what the model may write."""

FENCE = Stop(("\n```",))
"""Ends an answer in code."""

_RULES = "You are a programmer. Reply with code alone."


def code_chat(document: Document, task: str, code: str, lead: str = "") -> Chat:
    """Return `task`, which is about `code`, for an answer that begins with the code `lead`."""
    text = f"{masked(visible(task))}\n\n{fenced(document, code)}"
    return Chat(_RULES, text, f"```{document.language}\n{lead}")


def fenced(document: Document, code: str) -> str:
    """Return `code` as a block of Markdown, without its secrets and its indentation."""
    return f"```{document.language}\n{textwrap.dedent(masked(visible(code)))}\n```"


def whole_lines(document: Document, span: Span) -> Span:
    """Return the lines that `span` has something of, without the end of the last."""
    last = span.end.line
    if span.end.column == 0 and last > span.start.line:
        last -= 1
    return Span(Cursor(span.start.line, 0), Cursor(last, content_length(document.lines[last])))


def selected(place: ActionContext) -> Span | None:
    """Return the lines that are selected, or the function whose header the cursor is in.

    None where there is neither, or more than `MAX_LINES`.
    """
    document, span = place.syntax.document, place.selection
    if span.start == span.end:
        function = function_at(place.syntax, span.start)
        if function is None or not function.header_on(span.start.line):
            return None
        span = function.whole
    span = whole_lines(document, span)
    short = span.end.line - span.start.line < MAX_LINES
    return span if short and document.text_in(span).strip() else None


def rewritten(old: str, draft: Draft) -> Iterator[str]:
    """Yield the code that takes the place of `old`, at its indentation.

    Raises ActionRefused where it is not whole, or no other.
    """
    if draft.cut:
        raise ActionRefused("The model wrote more than it may.")
    text, _, _ = f"\n{visible(draft.text)}".partition("\n```")  # which it may begin with
    text = without_circles(text).strip("\n").rstrip()
    first = next(line for line in old.split("\n") if line.strip())
    new = textwrap.indent(textwrap.dedent(text), indentation(first))
    if not new.strip() or new.split() == old.split():
        raise ActionRefused("The model changed nothing.")
    yield new
