"""Where a completion ends: at the end of the line, or of the block that the cursor opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.context.syntax import may_open_block, opens_block

if TYPE_CHECKING:
    from slm_lsp.completion.request import Request
    from slm_lsp.config import Settings

MAX_BLOCK_LINES = 8
"""Lines of a block completion: beyond, small models drift, and nobody reads ghost text for long."""


@dataclass(frozen=True, slots=True)
class Stop:
    """`strings` end the generation inside the engine; `end` looks at what has come so far.

    `indent` is the indentation of the block being filled, or None for a single line.
    """

    strings: tuple[str, ...]
    indent: str | None = None

    def end(self, text: str) -> int | None:
        """Return where `text` is to be cut (an offset into it), or None to let the model go on."""
        if self.indent is None:
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
        assert self.indent is not None
        blank = not line.strip()
        return not blank and not line.startswith(self.indent)


def stop_rule(request: Request, settings: Settings) -> Stop:
    """Choose a block where the cursor stands at the empty body of one, a line everywhere else."""
    document, cursor = request.document, request.cursor
    if (
        settings.completion.multiline == "auto"
        and not document.after(cursor).strip()
        and may_open_block(document, cursor)
    ):
        block = opens_block(document, request.syntax, cursor)
        if block is not None:
            return Stop((), block.indent)
    return Stop(("\n",))
