"""Fills in the arguments of a call that has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.actions.frame import Action, Frame, Gap
from slm_lsp.completion.stop import Stop
from slm_lsp.syntax.holes import empty_arguments_at
from slm_lsp.text.document import visible

if TYPE_CHECKING:
    from slm_lsp.actions.frame import ActionContext
    from slm_lsp.completion.generate import Draft

_OPENERS, _CLOSERS, _QUOTES = "([{", ")]}", "\"'`"


@dataclass(frozen=True, slots=True)
class Closing(Stop):
    """Ends the answer before the bracket that closes what it did not open."""

    def end(self, text: str) -> int | None:
        """Return where that bracket is, if it has come."""
        depth, quote, escaped = 0, "", False
        for at, character in enumerate(text):
            if escaped:
                escaped = False
            elif quote:
                escaped = character == "\\"
                quote = "" if character == quote else quote
            elif character in _QUOTES:
                quote = character
            elif character in _OPENERS:
                depth += 1
            elif character in _CLOSERS:
                depth -= 1
                if depth < 0:
                    return at
        return None


def find(place: ActionContext) -> Frame | None:
    """Offer arguments where the cursor is between the brackets of a call, or nothing."""
    syntax, cursor = place.syntax, place.cursor
    span = empty_arguments_at(syntax, cursor)
    if span is None:
        return None
    stop = Closing(("\n",))
    return Frame("Fill in the arguments", Gap(syntax.document, span.start), stop, span, _texts)


def _texts(draft: Draft) -> list[str]:
    text = visible(draft.text).strip()
    return [text] if text and not draft.cut else []


ARGUMENTS = Action("arguments", find)
