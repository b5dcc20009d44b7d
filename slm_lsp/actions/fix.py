"""Fixes what a diagnostic of another tool says."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import partial
from typing import TYPE_CHECKING

from slm_lsp.actions.frame import Action, Frame
from slm_lsp.actions.instructed import (
    FENCE,
    MAX_LINES,
    code_chat,
    rewritten,
    whole_lines,
)
from slm_lsp.errors import ActionRefused
from slm_lsp.syntax.tree import cursor_at, offset, path
from slm_lsp.text.document import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.actions.frame import ActionContext
    from slm_lsp.completion.generate import Draft
    from slm_lsp.syntax.tree import Syntax

MAX_MESSAGE = 300
"""Code points of a message that the model reads."""

LEAST_KEPT = 0.5
"""Similarity of the words (Ratcliff and Obershelp, 0 to 1) of code that was fixed, not given up."""

MAX_TITLE = 60
"""Code points of a message that the action's title has."""

_WORD = re.compile(r"\w+|[^\w\s]")


def find(place: ActionContext) -> Frame | None:
    """Offer to fix the diagnostic of `place`, if it is about few enough lines."""
    diagnostic, document = place.diagnostic, place.syntax.document
    if diagnostic is None:
        return None
    about = Span(document.clamp(diagnostic.span.start), document.clamp(diagnostic.span.end))
    span = _statement(place.syntax, about)
    if span.end.line - span.start.line >= MAX_LINES:
        return None
    message = " ".join(diagnostic.message.split())[:MAX_MESSAGE]
    code = document.unix_text_in(span)
    start = len(document.unix_text_in(Span(span.start, about.start)))
    end = start + len(document.unix_text_in(about))
    line = document.lines[about.start.line].strip()
    task = f"Fix this code. The problem is in the line `{line}`: {message}"
    title = message if len(message) <= MAX_TITLE else f"{message[:MAX_TITLE]}…"
    return Frame(
        f"Fix: {title}",
        code_chat(document, task, code),
        FENCE,
        span,
        partial(_texts, code, start, end),
    )


def _statement(syntax: Syntax, about: Span) -> Span:
    """Return the lines of the smallest piece of syntax that has whole lines and `about` in it."""
    document = syntax.document
    end = offset(document, about.end)
    for node in reversed(path(syntax, offset(document, about.start))):
        span = Span(cursor_at(document, node.start_point), cursor_at(document, node.end_point))
        begins = not document.before(span.start).strip()
        if node.is_named and node.end_byte >= end and begins and node.parent is not None:
            return whole_lines(document, span)
    return whole_lines(document, about)


def _texts(old: str, start: int, end: int, draft: Draft) -> Iterator[str]:
    """Yield the new code if it differs from `old` between `start` and `end` (code points).

    How a statement begins tells what it is, and stays unless the diagnostic is about that.
    """
    first = _WORD.search(old)
    for new in rewritten(old, draft):
        changes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if all(how == "equal" or at > end or to < start for how, at, to, _, _ in changes):
            raise ActionRefused("The model changed something else.")
        if first and first.end() <= start and not new.startswith(old[: first.end()]):
            raise ActionRefused("The model wrote another statement.")
        if SequenceMatcher(None, _WORD.findall(old), _WORD.findall(new)).ratio() < LEAST_KEPT:
            raise ActionRefused("The model wrote something else.")
        yield new


FIX = Action("fix", find, base="quickfix.", chats=True)
