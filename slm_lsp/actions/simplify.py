"""Rewrites code so that it is simpler and does the same."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from slm_lsp.actions.frame import Action, Frame
from slm_lsp.actions.instructed import FENCE, code_chat, rewritten, selected, text_of

if TYPE_CHECKING:
    from slm_lsp.actions.frame import Place

_TASK = "Make this code simpler. It has to do the same as before."


def find(place: Place) -> Frame | None:
    """Offer to simplify what is selected, or the function whose header the cursor is in."""
    if (span := selected(place)) is None:
        return None
    document = place.syntax.document
    code = text_of(document, span)
    chat = code_chat(document, _TASK, code)
    return Frame("Simplify this code", chat, FENCE, span, partial(rewritten, code))


SIMPLIFY = Action("simplify", find, chats=True)
