"""Where a completion ends: at the end of the line, or of the block that it or the cursor opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.syntax import languages
from slm_lsp.syntax.position import indentation, next_line
from slm_lsp.syntax.syntax import may_open_block, opens_block

if TYPE_CHECKING:
    from slm_lsp.completion.request import Request
    from slm_lsp.settings.schema import Settings

MAX_BLOCK_LINES = 8
"""Lines of a block completion: beyond, small models drift, and nobody reads ghost text for long."""


@dataclass(frozen=True, slots=True)
class Stop:
    """`strings` end the generation inside the engine; `end` looks at what has come so far.

    `indent` is the indentation of the block being filled, or None for a single line. Such a line
    may end with `opener`, and the body of the block that it opens may follow: lines that are
    farther in than the line itself, which has the indentation `line_indent`.
    """

    strings: tuple[str, ...]
    indent: str | None = None
    opener: str = ""
    line_indent: str = ""

    def end(self, text: str) -> int | None:
        """Return where `text` is to be cut (an offset into it), or None to let the model go on."""
        if self.indent is None and not self.opener:
            return None
        at = 0
        for number, line in enumerate(text.split("\n")[:-1]):
            if number > 0 and self._outside(line):
                return max(at - 1, 0)
            at += len(line) + 1
            if number + 1 == MAX_BLOCK_LINES:
                return at - 1
        last = text[at:]
        begun = "\n" in text and last.strip()
        return max(at - 1, 0) if begun and self._outside(last) else None

    def _outside(self, line: str) -> bool:
        if not line.strip():
            return False
        if self.indent is not None:
            return not line.startswith(self.indent)
        indent = indentation(line)
        return not indent.startswith(self.line_indent) or indent == self.line_indent


LINE = Stop(("\n",))


def stop_rule(request: Request, settings: Settings) -> Stop:
    """Choose a block where the cursor stands at the empty body of one, a line everywhere else.

    The line may bring the body of the block that it opens, unless that stands below already.
    """
    document, cursor = request.document, request.cursor
    if settings.completion.multiline != "auto" or document.after(cursor).strip():
        return LINE
    if may_open_block(document, cursor):
        block = opens_block(document, request.syntax, cursor)
        if block is not None:
            return Stop((), block.indent)
    language, line = languages.find(document.language), document.before(cursor)
    indent = indentation(line)
    below = indentation(next_line(document, cursor.line))
    is_comment = language.comment and line.strip().startswith(language.comment)
    if is_comment or (below.startswith(indent) and below != indent):
        return LINE
    return Stop(("\n",), None, language.block, indent)
