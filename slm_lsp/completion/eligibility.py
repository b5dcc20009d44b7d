"""Where a completion would only annoy: it is not computed there, or has to be the surer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from slm_lsp.context.secrets import in_secret, is_secret_file
from slm_lsp.syntax import languages
from slm_lsp.syntax.syntax import inside

if TYPE_CHECKING:
    from slm_lsp.completion.request import Request
    from slm_lsp.settings.schema import Settings
    from slm_lsp.text.document import Document

MAX_LINE = 2000
"""Code points before the cursor: longer lines are data or minified, and nobody types there."""

KEY_LINES = 64
"""How far above the cursor the private key that it stands in may begin."""

MAX_REST = 200
"""Code points behind the cursor: what is longer is code or data."""

SURE_BEFORE_CODE = 0.7
"""Joint probability of ghost text that pushes code on its line aside.

Of 30 such holes of the `tune` split, 20 were offered with 0.5 and 15 of these were right; with 0.7
it was 13 of 15 (default model).
"""

_CLOSER = r"""\s|[)\]}>"'`;:,]|(?<=\))\?|\*/|-->|/>|[%?]>|\*\*+|</[\w.:-]*>|/\*.*?\*/|<!--.*?-->"""
_HEAD = (
    r"(?:=>|(?:->|(?<=[:)])|(?<=[:)]\s))\s*[\w<>\[\],.| *&?()]+(?=[:{]|=>))?"
    r"(?:=>)?\s*(?:[{(\[:]|then|do|begin)?\s*"
)
"""What belongs to a closing bracket: `) {`, `) =>`, `) -> int:`, `]; then`."""

_ATTRIBUTES = (
    r"""(?:["']|\}(?!\s+>))(?:\s+[\w:@.#-]+(?:=(?:"[^"]*"|'[^']*'|\{[^{}]*\}))?)*\s*/?>[^<]*"""
)
"""The end of an attribute's value (`"`, or `}` in JSX), and the rest of the tag."""

_CLOSERS_ONLY = re.compile(rf"(?:\|(?!\|)|{_ATTRIBUTES})?(?:{_CLOSER})*+{_HEAD}(?:{_CLOSER})*+\Z")


def closed(document: Document, settings: Settings) -> str:
    """Return why nothing is ever offered in `document`, or an empty string."""
    language = document.language
    if not (settings.enabled_for(language) and settings.enabled_for(languages.find(language).id)):
        return "switched off"
    return "a file of secrets" if is_secret_file(unquote(document.uri)) else ""


def gate(request: Request, settings: Settings) -> str:
    """Return why nothing is to be offered for `request`, or an empty string to go on.

    Asks for no syntax; see `gate_by_syntax`.
    """
    document, cursor = request.document, request.cursor
    if reason := closed(document, settings):
        return reason
    before, after = document.before(cursor), document.after(cursor)
    if len(before) > MAX_LINE:
        return "line too long"
    above = document.lines.slice(cursor.line - KEY_LINES, cursor.line)
    empty = not before.strip() and not any(line.strip() for line in above)
    if empty and not request.cells:
        return "nothing before the cursor"
    if after[:1].isalnum() or after[:1] == "_":
        return "inside a word"
    if in_secret("".join(above) + before, after[:MAX_LINE]):
        return "inside a secret"
    return "" if request.invoked else _unasked(request, settings)


def gate_by_syntax(request: Request, settings: Settings) -> str:
    """Return why nothing is to be offered inside what `request` stands in, or an empty string."""
    wanted = settings.completion
    if request.invoked or (wanted.in_strings and wanted.in_comments):
        return ""
    match inside(request.syntax, request.cursor):
        case "string" if not wanted.in_strings:
            return "inside a string"
        case "comment" if not wanted.in_comments:
            return "inside a comment"
    return ""


def least_confidence(request: Request, settings: Settings) -> float:
    """Return the joint probability (0 to 1) that an answer to `request` must keep to be shown."""
    if request.invoked:
        return 0.0
    least = settings.completion.least_confidence
    if not _only_closes(request.document.after(request.cursor), request):
        least = max(least, SURE_BEFORE_CODE)
    return request.calibration.threshold(least, request.document, request.cursor)


def _unasked(request: Request, settings: Settings) -> str:
    if settings.completion.trigger == "manual":
        return "only on demand"
    if request.undone:
        return "just undone"
    return "just rejected" if request.rejected else ""


def _only_closes(after: str, request: Request) -> bool:
    """Tell whether the rest of a line has nothing but closers, what belongs to them, a comment."""
    if len(after) > MAX_REST:
        return False
    if _CLOSERS_ONLY.match(after):
        return True
    comment = languages.find(request.document.language).comment
    if not comment or comment not in after:
        return False
    code = after.partition(comment)[0]
    spaced = not code or code[-1].isspace() or not comment[0].isalnum()
    return spaced and _CLOSERS_ONLY.match(code) is not None
