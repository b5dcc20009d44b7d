"""Writes the body of a function, branch or loop that has none yet.

What is left of the statements that a model wrote into a gap.

Writes what a comment says is still to be done.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from slm_lsp.actions.frame import (
    Action,
    Frame,
    Gap,
    behind,
    replaced,
)
from slm_lsp.completion.postprocess import without_circles, without_following
from slm_lsp.completion.stop import Stop
from slm_lsp.errors import ActionRefused
from slm_lsp.syntax.block import indent_unit
from slm_lsp.syntax.functions import PLACEHOLDER, empty_block_at, function_at, is_placeholder
from slm_lsp.syntax.position import indentation, inside, next_line
from slm_lsp.text.document import Cursor, Span, visible
from slm_lsp.text.lines import content_length

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slm_lsp.actions.frame import ActionContext
    from slm_lsp.completion.generate import Draft
    from slm_lsp.syntax.functions import Function
    from slm_lsp.syntax.languages import Language
    from slm_lsp.syntax.tree import Syntax
    from slm_lsp.text.document import Document

_LEAVES = re.compile(r"(?:return|raise|throw)\b|panic[!(]")
"""How a statement begins that leaves its function."""


def statements(
    language: Language, indent: str, lead: str, tail: str, draft: Draft, *, below: str = ""
) -> Iterator[str]:
    """Yield what the model wrote, and then its starts, between `lead` and `tail`.

    None is left open, goes on behind its own end, repeats the line `below`, or keeps it from being
    reached. Raises ActionRefused where it is a placeholder.
    """
    text = without_following(without_circles(visible(draft.text)), "", below)
    rows = text.split("\n")
    if draft.cut:  # the last line may be cut anywhere
        rows.pop()
    beside = bool(below.strip()) and below.lstrip()[0] not in ")]}"
    reached = beside and indentation(below) == indent
    for end in range(min(_repeats(rows), _returned(rows, indent, reached=reached)), 0, -1):
        text = "\n".join(rows[:end]).rstrip()
        if PLACEHOLDER.fullmatch(text.strip()):
            raise ActionRefused("The model wrote a placeholder, too.")
        if not _leads_on(rows[end - 1].strip(), language):
            yield lead + text + tail


def _repeats(rows: Sequence[str]) -> int:
    """Return where a line comes twice in succession: a small model would not stop there."""
    pairs = enumerate(pairwise(row.strip() for row in rows), 1)
    return next((at for at, (one, two) in pairs if len(one) > 2 and one == two), len(rows))


def _returned(rows: Sequence[str], indent: str, *, reached: bool) -> int:
    """Return where the statement after one that leaves the function begins: it is never reached.

    Where the code below has to be `reached`, the one that leaves is too much as well.
    """
    left = False
    for at, row in enumerate(rows):
        own = indent if at == 0 else indentation(row)
        if not row.strip() or own != indent or row.strip()[0] in ")]}":
            continue
        leaves = bool(_LEAVES.match(row.strip()))
        if left or (leaves and reached):
            return at
        left = leaves
    return len(rows)


def _leads_on(line: str, language: Language) -> bool:
    """Tell whether something has to follow on `line`.

    That is a blank one, a comment, the end of a docstring and what opens a block.
    """
    comment = bool(language.comment) and line.startswith(language.comment)
    opens = bool(language.block) and line.endswith((language.block, '"""'))
    return not line or comment or opens


def find(place: ActionContext) -> Frame | None:
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


_TODO = re.compile(r"\b(?:TODO|FIXME)\b.*\w")


def find_todo(place: ActionContext) -> Frame | None:
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


TODO = Action("todo", find_todo)
