"""Translates a comment into English."""

from __future__ import annotations

import re
import textwrap
from functools import partial
from typing import TYPE_CHECKING

from slm_lsp.actions.frame import Action, Frame
from slm_lsp.completion.stop import Stop
from slm_lsp.context.secrets import masked
from slm_lsp.errors import ActionRefused
from slm_lsp.inference.protocol import Chat
from slm_lsp.syntax.position import indentation, inside
from slm_lsp.text.document import Cursor, Span, visible
from slm_lsp.text.lines import content_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.actions.frame import ActionContext
    from slm_lsp.completion.generate import Draft
    from slm_lsp.text.document import Document

WIDTH = 88
"""Columns of a translated comment, unless the old one was wider."""

MOST = 3
"""Times the length of a comment that a translation may have: what is longer is about it."""

MAX_LINES = 30
"""The longest comment that is translated."""

_ENGLISH = re.compile(r"\b(?:the|an?|and|are|as|by|for|from|if|in|is|it|not|of|or|this|to|with)\b")
_WORD = re.compile(r"[^\W\d_]+")
_RULES = "You translate comments in code into English. Reply with the translation alone."


def find(place: ActionContext) -> Frame | None:
    """Offer to translate the comment of whole lines at the cursor, if it is not in English."""
    syntax, line = place.syntax, place.cursor.line
    document, mark = syntax.document, syntax.language.comment
    end = Cursor(line, content_length(document.lines[line]))
    if not mark or not _is_comment(document, mark, line) or inside(syntax, end) != "comment":
        return None
    first = last = line
    while first > 0 and _is_comment(document, mark, first - 1):
        first -= 1
    while last + 1 < len(document.lines) and _is_comment(document, mark, last + 1):
        last += 1
    rows = [document.lines[at].strip() for at in range(first, last + 1)]
    marks = [found[0] for row in rows if (found := re.match(re.escape(mark) + "[/!]*", row))]
    text = " ".join(row[len(own) :].strip() for own, row in zip(marks, rows, strict=True))
    if len(rows) > MAX_LINES or len(_WORD.findall(text)) < 2 or _ENGLISH.search(text.lower()):
        return None
    span = Span(Cursor(first, 0), Cursor(last, content_length(document.lines[last])))
    lead = indentation(document.lines[first]) + marks[0] + " "
    width = max(WIDTH, *(len(document.lines[at].rstrip()) for at in range(first, last + 1)))
    return Frame(
        "Translate this comment into English",
        Chat(_RULES, masked(visible(text))),
        Stop(("\n\n",)),
        span,
        partial(_texts, text, lead, width),
    )


def _is_comment(document: Document, mark: str, line: int) -> bool:
    return document.lines[line].lstrip().startswith(mark)


def _texts(old: str, lead: str, width: int, draft: Draft) -> Iterator[str]:
    text = " ".join(visible(draft.text).split()).strip("\"' ")
    if draft.cut or not text or text == old or len(text) > MOST * len(old):
        raise ActionRefused("The model did not translate it.")
    yield textwrap.fill(text, width, initial_indent=lead, subsequent_indent=lead)


TRANSLATE = Action("translate", find, chats=True)
