"""Where a completion would only annoy, it is not computed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slm_lsp.completion.request import Request
    from slm_lsp.config import Settings

MAX_LINE = 2000
"""Code points before the cursor: longer lines are data or minified, and nobody types there."""

_CLOSERS_ONLY = re.compile(r"[\s)\]}>\"'`;:,]*\Z")


def gate(request: Request, settings: Settings) -> str:
    """Return why nothing is to be offered for `request`, or an empty string to go on."""
    document, cursor = request.document, request.cursor
    if not settings.enabled_for(document.language):
        return "switched off"
    if settings.completion.trigger == "manual" and not request.invoked:
        return "only on demand"
    before, after = document.before(cursor), document.after(cursor)
    if len(before) > MAX_LINE:
        return "line too long"
    if not before.strip() and not any(
        line.strip() for line in document.lines.slice(cursor.line - 100, cursor.line)
    ):
        return "nothing before the cursor"
    if after[:1].isalnum() or after[:1] == "_":
        return "inside a word"
    if not request.invoked and not _CLOSERS_ONLY.match(after):
        return "code follows on the line"
    return ""
