"""Whether the cursor stands where the body of a block is to be written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from slm_lsp.syntax import languages
from slm_lsp.syntax.captures import captures_at
from slm_lsp.syntax.position import indentation, inside, visible_before
from slm_lsp.syntax.tree import offset, path
from slm_lsp.text.document import Cursor

if TYPE_CHECKING:
    from tree_sitter import Node

    from slm_lsp.syntax.languages import Language
    from slm_lsp.syntax.tree import Syntax
    from slm_lsp.text.document import Document

NEAR_LINES = 64
"""How far around the cursor indentation and the next line are looked for."""

_KEYWORD = re.compile(
    r"(?:async|case|class|def|elif|else|except|finally|for|if|match|try|while|with)\b|\)"
)
"""How the last line of a header may begin where the parser has given up on the statement."""

_CLOSES = re.compile(r"\}[})\];,]*+(?!\w)")
"""A brace and what is closed with it. Text right behind that is a program that was packed."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block without a body: its body's `indent`, and whether its closing brace is there."""

    indent: str
    closed: bool


def opens_block(document: Document, syntax: Syntax | None, cursor: Cursor) -> Block | None:
    """Return the block whose empty body begins at `cursor`, or None if there is none.

    The cursor stands at the end of the line that opens the block or on a blank line below it.
    Without syntax the last character of that line and the indentation around it decide.
    """
    language = syntax.language if syntax else languages.find(document.language)
    header = _header(document, syntax, language, cursor)
    if header is None:
        return None
    outer = indentation(document.lines[_statement_line(syntax, header)])
    rest = document.after(cursor).strip()
    if rest and not (language.block == "{" and _CLOSES.match(rest)):
        return None
    below = _next_visible(document, cursor.line + 1)
    closed = language.block == "{" and (
        bool(rest)
        or (below is not None and below.lstrip().startswith("}") and indentation(below) == outer)
    )
    if not closed and below is not None and len(indentation(below)) > len(outer):
        return None
    own = indentation(document.before(cursor)) if cursor.line > header.line else ""
    deeper = own.startswith(outer) and len(own) > len(outer)
    inner = own if deeper else outer + indent_unit(document, language, header.line)
    return Block(inner, closed)


def may_open_block(document: Document, cursor: Cursor) -> bool:
    """Tell whether `opens_block` could find one: needs no syntax, and rules out most places."""
    language = languages.find(document.language)
    if language.host or not language.block:
        return language.host
    if (above := visible_before(document, cursor)) is None:
        return False
    text = document.before(above)
    comment = re.escape(language.comment or "\n")  # nothing begins one: only the line's end is cut
    ends = [text, *(text[: found.start()] for found in re.finditer(comment, text))]
    return any(end.rstrip().endswith(language.block) for end in ends)


def _header(
    document: Document, syntax: Syntax | None, language: Language, cursor: Cursor
) -> Cursor | None:
    """Return the end of the line that opens a block at `cursor`."""
    if not language.block:
        return None
    if (above := visible_before(document, cursor)) is None:
        return None
    code = _without_comment(document, syntax, language, above)
    end = Cursor(above.line, len(code))
    if not code.endswith(language.block) or inside(syntax, end) != "code":
        return None
    if language.block == ":" and syntax is not None and not _opens(syntax, end):
        return None
    return end


def _without_comment(
    document: Document, syntax: Syntax | None, language: Language, end: Cursor
) -> str:
    """Return the line before `end`, where something visible ends, without a comment at its end."""
    text = document.before(end)
    if not language.comment or language.comment not in text:
        return text
    if syntax is None:
        found = text.rfind(" " + language.comment)
        return text[:found].rstrip() if found > 0 else text
    at = text.find(language.comment)
    while at >= 0:
        after = Cursor(end.line, at + len(language.comment))
        if inside(syntax, after) == "comment":
            return text[:at].rstrip()
        at = text.find(language.comment, at + 1)
    return text


def _opens(syntax: Syntax, end: Cursor) -> bool:
    """Tell whether the colon before `end` opens a body, and is not part of an expression."""
    byte = offset(syntax.document, end) - 1
    nodes = path(syntax, byte)
    if len(nodes) < 2:
        return False
    if _has_body(syntax, nodes[-2], byte):
        return True
    words = syntax.document.lines[end.line].split(None, 1)
    return nodes[-2].is_error and bool(_KEYWORD.match(words[0]))


def _statement_line(syntax: Syntax | None, header: Cursor) -> int:
    """Return the first line of the statement whose header ends at `header`."""
    if syntax is None:
        return header.line
    byte = offset(syntax.document, header) - 1
    owner = path(syntax, byte)[-2:][0]
    return owner.start_point.row if _has_body(syntax, owner, byte) else header.line


def _has_body(syntax: Syntax, owner: Node, byte: int) -> bool:
    captures = captures_at(syntax, byte)
    return any(it.node == owner and it.kind in ("function", "class", "block") for it in captures)


def indent_unit(document: Document, language: Language, line: int) -> str:
    """Return one level of indentation: the step that most lines around `line` take.

    One blank is none: that is a comment's margin, or something aligned.
    """
    around = document.lines.slice(line - NEAR_LINES, line + NEAR_LINES)
    indents = [indentation(text) for text in around if text.strip()]
    steps = [
        inner[len(outer) :]
        for outer, inner in pairwise(indents)
        if inner.startswith(outer) and inner[len(outer) :] not in ("", " ")
    ]
    return max(steps, key=lambda step: (steps.count(step), -len(step)), default=language.indent)


def _next_visible(document: Document, line: int) -> str | None:
    below = document.lines.slice(line, line + NEAR_LINES)
    return next((text for text in below if text.strip()), None)
