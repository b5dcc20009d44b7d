"""Writes the documentation of a function, where its language wants it."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from slm_lsp.actions.doc_style import (
    COMMENT,
    STYLES,
    forms_in,
    named_parameters,
    style_in,
)
from slm_lsp.actions.frame import Action, Frame, again, header_text
from slm_lsp.completion.postprocess import without_circles
from slm_lsp.completion.stop import Stop
from slm_lsp.errors import ActionRefused
from slm_lsp.syntax import languages
from slm_lsp.syntax.functions import function_at
from slm_lsp.syntax.position import indentation
from slm_lsp.text.document import (
    Cursor,
    Span,
    unix,
    visible,
)

if TYPE_CHECKING:
    from slm_lsp.actions.doc_style import Style
    from slm_lsp.actions.frame import ActionContext
    from slm_lsp.completion.generate import Draft
    from slm_lsp.syntax.functions import Function
    from slm_lsp.text.document import Document

NEAR_LINES = 200
"""How far above and below a function the file's style is looked for."""

_MARK = re.compile(r"^\s*(?:\*|///?)? ?")
_SENTENCE = re.compile(r".*?[.!?](?=\s|\Z)", re.DOTALL)


def find(place: ActionContext) -> Frame | None:
    """Offer to document the function whose header the cursor is in, or nothing."""
    syntax, cursor = place.syntax, place.cursor
    document = syntax.document
    language = languages.find(document.language).id
    if language not in STYLES or (function := function_at(syntax, cursor)) is None:
        return None
    if function.documented or not function.statements or not function.header_on(cursor.line):
        return None
    header = function.header
    near = _near(document, header.start.line)
    style = style_in(near, language)
    if style is None or (style.is_string and function.body.start.line == header.end.line):
        return None
    outer = indentation(document.lines[header.start.line])
    indent = document.before(function.body.start) if style.is_string else outer
    span = Span.at(header.end if style.is_string else Cursor(header.start.line, 0))
    lead = style.lead(indent) + (f"{function.name} " if style is COMMENT else "")
    if style.is_string:
        lead = f"{header_text(document, function)}\n{lead}"
    return Frame(
        f"Document {function.name}" if function.name else "Document this function",
        again(document, function, lead),
        Stop((style.closing.strip() or "\n",)),
        span,
        partial(_texts, style, indent, function, forms_in(near)),
    )


def _near(document: Document, line: int) -> str:
    """Return the part of the file that shows how it is documented, with line feeds."""
    start, end = max(0, line - NEAR_LINES), min(len(document.lines), line + NEAR_LINES)
    return unix("".join(document.lines.slice(start, end)))


def _texts(
    style: Style, indent: str, function: Function, forms: frozenset[str], draft: Draft
) -> list[str]:
    rows = without_circles(visible(draft.text)).split("\n")
    if not style.is_string:
        rows = [_MARK.sub("", row) for row in rows]
    text = "\n".join(_outdented(rows)).strip()
    whole = not draft.cut and set(named_parameters(text)) <= set(function.parameters)
    if not whole or (forms and not forms_in(text) <= forms):
        text = _summary(text)
    if not text or text.startswith(("@", ":")):
        raise ActionRefused("The model had nothing to say about it.")
    if any(mark in text for mark in ('"""', "'''", "*/", "/*")):
        raise ActionRefused("The model left the comment.")
    if style.is_string and text.endswith(("\\", style.opening[0])):
        raise ActionRefused("The model left the docstring open.")
    if style is COMMENT:
        text = f"{function.name} {text}"
    written = style.written(text.split("\n"), indent)
    return [f"\n{written}" if style.is_string else f"{written}\n"]


def _outdented(rows: list[str]) -> list[str]:
    """Take what all `rows` but the first have in common off their start."""
    margins = [len(row) - len(row.lstrip()) for row in rows[1:] if row.strip()]
    return [rows[0].strip(), *(row[min(margins, default=0) :].rstrip() for row in rows[1:])]


def _summary(text: str) -> str:
    """Return the first paragraph of `text` up to the end of its last whole sentence."""
    paragraph = text.split("\n\n")[0].split("\n@")[0]
    return "".join(_SENTENCE.findall(paragraph)).strip()


DOCSTRING = Action("docstring", find)
