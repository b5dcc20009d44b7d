"""Text of one language inside of another: scripts and styles of a page, fences of Markdown."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from tree_sitter import Range

from slm_lsp.syntax import languages
from slm_lsp.syntax.captures import captures_at
from slm_lsp.syntax.tree import (
    PendingParse,
    Syntax,
    cursor_at,
    offset,
    parse,
)

if TYPE_CHECKING:
    from tree_sitter import Node

    from slm_lsp.text.document import Cursor

BUDGET_MS = 5.0
"""Milliseconds a part may take to parse; a longer one is treated as its host is."""

_FENCE = re.compile(r"(?<![`~])[`~]{3,}+\s*\{?\.?([\w+#-]+)")  # tried once, however long it is
_SCRIPT = re.compile(r"""\b(?:lang|type)\s*=\s*["']?(?:[\w-]+/)?(?:ld\+)?(\w+)""")


def innermost(syntax: Syntax, cursor: Cursor) -> Syntax:
    """Return the syntax of the part around `cursor` that is in another language, or `syntax`.

    Places count the same in both.
    """
    byte = offset(syntax.document, cursor) if syntax.language.host else 0
    for capture in reversed(captures_at(syntax, byte - 1) if byte else []):
        kind, _, usual = capture.kind.partition(".")
        if kind == "embedded":
            language = _language(syntax, capture.node, usual)
            part = _parsed(syntax, capture.node, language) if language else None
            return part if isinstance(part, Syntax) else syntax
    return syntax


def _language(syntax: Syntax, node: Node, usual: str) -> str:
    """Return the id of the language that `node` is in: what is said above it, or the usual one."""
    if node.parent is None:
        return usual
    start = cursor_at(syntax.document, node.parent.start_point)
    head = syntax.document.lines[start.line][start.column :]
    said = (_SCRIPT if usual else _FENCE).search(head)
    return (languages.called(said[1]) if said else "") or usual


def _parsed(syntax: Syntax, node: Node, language: str) -> Syntax | PendingParse | None:
    document = replace(syntax.document, language=language)
    part = Range(node.start_point, node.end_point, node.start_byte, node.end_byte)
    unmade = PendingParse(document, languages.find(language), None, (part,))
    return parse(document, unmade, budget_ms=BUDGET_MS)
