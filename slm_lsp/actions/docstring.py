"""Writes the documentation of a function, where its language wants it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from slm_lsp.actions.again import again, header_text
from slm_lsp.actions.frame import Action, Frame
from slm_lsp.completion.stop import Stop
from slm_lsp.completion.tidy import without_circles
from slm_lsp.context.functions import function_at
from slm_lsp.context.place import indentation
from slm_lsp.errors import ActionRefused
from slm_lsp.text import Cursor, Span, visible

if TYPE_CHECKING:
    from slm_lsp.actions.frame import Place
    from slm_lsp.completion.generate import Draft
    from slm_lsp.context.functions import Function
    from slm_lsp.text import Document


@dataclass(frozen=True, slots=True)
class Style:
    """How documentation is written: `mark` begins its lines between `opening` and `closing`."""

    opening: str
    mark: str
    closing: str


STRING = Style('"""', "", '"""')
BLOCK = Style("/**", " * ", " */")
SLASHES = Style("", "/// ", "")
COMMENT = Style("", "// ", "")

STYLES = {
    "python": STRING,
    "go": COMMENT,
    "rust": SLASHES,
    "swift": SLASHES,
    "dart": SLASHES,
    **dict.fromkeys(
        ("javascript", "javascriptreact", "typescript", "typescriptreact", "java", "php", "scala"),
        BLOCK,
    ),
    **dict.fromkeys(("c", "cpp"), BLOCK),
}
"""By the editor's language id."""

_NAMED = re.compile(
    r"^\s*(?::param\s+(?:[\w\[\], ]+\s)?(\w+):|@param\s+(?:\{[^}]*\}\s*)?\[?[$]?(\w+))",
    re.MULTILINE,
)
_SECTION = re.compile(r"^(?:Args|Arguments|Parameters):?\s*$", re.MULTILINE)
_ENTRY = re.compile(r"^\s*\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:", re.MULTILINE)
_MARK = re.compile(r"^\s*(?:\*|///?)? ?")
_SENTENCE = re.compile(r".*?[.!?](?=\s|\Z)", re.DOTALL)


def find(place: Place) -> Frame | None:
    """Offer to document the function whose header `cursor` is in, or nothing."""
    syntax, cursor = place.syntax, place.cursor
    document = syntax.document
    style, function = STYLES.get(document.language), function_at(syntax, cursor)
    if style is None or function is None or function.documented or not function.statements:
        return None
    header = function.header
    own_line = function.body.start.line > header.end.line
    if not function.header_on(cursor.line) or (style is STRING and not own_line):
        return None
    outer = indentation(document.lines[header.start.line])
    indent = document.before(function.body.start) if style is STRING else outer
    span = Span.at(header.end if style is STRING else Cursor(header.start.line, 0))
    reading = again(document, function, _lead(document, function, style, indent))
    return Frame(
        f"Document {function.name}" if function.name else "Document this function",
        reading,
        Stop((style.closing.strip() or "\n",)),
        span,
        partial(_texts, style, indent, function),
    )


def _lead(document: Document, function: Function, style: Style, indent: str) -> str:
    """Return the start of the function as it will be, up to what is to be said about it."""
    if style is STRING:
        return f"{header_text(document, function)}\n{indent}{style.opening}"
    opening = f"{indent}{style.opening}\n" if style.opening else ""
    return f"{opening}{indent}{style.mark}" + (f"{function.name} " if style is COMMENT else "")


def _texts(style: Style, indent: str, function: Function, draft: Draft) -> list[str]:
    rows = without_circles(visible(draft.text)).split("\n")
    if style is not STRING:
        rows = [_MARK.sub("", row) for row in rows]
    text = "\n".join(_outdented(rows)).strip()
    if draft.reason != "stop" or not set(named_parameters(text)) <= set(function.parameters):
        text = _summary(text)
    if not text or text.startswith(("@", ":")):
        raise ActionRefused("The model had nothing to say about it.")
    if any(mark in text for mark in ('"""', "*/", "/*")):
        raise ActionRefused("The model left the comment.")
    if style is STRING:
        return [_docstring(text, indent)]
    rows = [f"{indent}{style.mark}{row}".rstrip() for row in text.split("\n")]
    if style is COMMENT:
        rows[0] = f"{indent}{style.mark}{function.name} {text}"
    if style.opening:
        rows = [indent + style.opening, *rows, indent + style.closing]
    return ["\n".join(rows) + "\n"]


def _docstring(text: str, indent: str) -> str:
    if text.endswith(("\\", '"')):
        raise ActionRefused("The model left the docstring open.")
    rows = [f"{indent}{row}".rstrip() for row in f"{STRING.opening}{text}".split("\n")]
    if len(rows) == 1:
        return f"\n{rows[0]}{STRING.closing}"
    return "\n" + "\n".join([*rows, f"{indent}{STRING.closing}"])


def _outdented(rows: list[str]) -> list[str]:
    """Take what all `rows` but the first have in common off their start."""
    margins = [len(row) - len(row.lstrip()) for row in rows[1:] if row.strip()]
    return [rows[0].strip(), *(row[min(margins, default=0) :].rstrip() for row in rows[1:])]


def _summary(text: str) -> str:
    """Return the first paragraph of `text` up to the end of its last whole sentence."""
    paragraph = text.split("\n\n")[0].split("\n@")[0]
    return "".join(_SENTENCE.findall(paragraph)).strip()


def named_parameters(text: str) -> list[str]:
    """Return the names that `text` says are parameters."""
    named = [name for pair in _NAMED.findall(text) for name in pair if name]
    if section := _SECTION.search(text):
        entries = text[section.end() :].split("\n\n")[0]
        named += _ENTRY.findall(entries)
    return named


DOCSTRING = Action("docstring", find)
