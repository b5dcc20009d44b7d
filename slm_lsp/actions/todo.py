"""Writes what a comment says is still to be done."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from slm_lsp.actions.frame import Action, Frame, behind, replaced
from slm_lsp.actions.statements import statements
from slm_lsp.completion.stop import Stop
from slm_lsp.context.functions import empty_block_at, function_at, is_placeholder
from slm_lsp.context.place import indentation, inside
from slm_lsp.lines import content_length
from slm_lsp.text import Cursor, Span

if TYPE_CHECKING:
    from slm_lsp.context.tree import Syntax

_TODO = re.compile(r"\b(?:TODO|FIXME)\b.*\w")


def find(syntax: Syntax, cursor: Cursor) -> Frame | None:
    """Offer code below the comment on the cursor's line, if it says what is to be done.

    Where nothing but a placeholder follows, the action for the body does it.
    """
    document, language = syntax.document, syntax.language
    end = Cursor(cursor.line, content_length(document.lines[cursor.line]))
    line = document.before(end)
    comment = bool(language.comment) and line.strip().startswith(language.comment)
    if not comment or not _TODO.search(line) or inside(syntax, end) != "comment":
        return None
    function = function_at(syntax, cursor)
    if empty_block_at(syntax, cursor) or (function and is_placeholder(document, function)):
        return None
    indent = indentation(line)
    below = document.lines.slice(cursor.line + 1, cursor.line + 4)
    following = next((text for text in below if text.strip()), "")
    lead = f"\n{indent}"
    return Frame(
        "Do what this comment says",
        replaced(document, Span.at(end), lead),
        behind(end, lead),
        Stop((), indent),
        Span.at(end),
        partial(statements, language, indent, lead, "", below=following),
    )


TODO = Action("todo", "refactor.rewrite.slm-lsp.todo", find)
