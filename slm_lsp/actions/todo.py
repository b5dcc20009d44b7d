"""Writes what a comment says is still to be done."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from slm_lsp.actions.body import BODY
from slm_lsp.actions.frame import Action, Frame, Gap, behind, replaced
from slm_lsp.actions.statements import statements
from slm_lsp.completion.stop import Stop
from slm_lsp.context.place import indentation, inside, next_line
from slm_lsp.lines import content_length
from slm_lsp.text import Cursor, Span

if TYPE_CHECKING:
    from slm_lsp.actions.frame import Place

_TODO = re.compile(r"\b(?:TODO|FIXME)\b.*\w")


def find(place: Place) -> Frame | None:
    """Offer code below the comment on the cursor's line, if it says what is to be done.

    Where nothing but a placeholder follows, the action for the body does it.
    """
    syntax, cursor = place.syntax, place.cursor
    document, language = syntax.document, syntax.language
    end = Cursor(cursor.line, content_length(document.lines[cursor.line]))
    line = document.before(end)
    comment = bool(language.comment) and line.strip().startswith(language.comment)
    if not comment or not _TODO.search(line) or inside(syntax, end) != "comment":
        return None
    if BODY.find(place) is not None:
        return None
    indent = indentation(line)
    lead = f"\n{indent}"
    return Frame(
        "Do what this comment says",
        Gap(replaced(document, Span.at(end), lead), behind(end, lead)),
        Stop((), indent),
        Span.at(end),
        partial(statements, language, indent, lead, "", below=next_line(document, cursor.line)),
    )


TODO = Action("todo", find)
