"""Rewrites code so that it is simpler and does the same."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from slm_lsp.actions.frame import Action, Frame
from slm_lsp.actions.instructed import FENCE, code_chat, rewritten, selected
from slm_lsp.errors import ActionRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.actions.frame import Place
    from slm_lsp.completion.generate import Draft

_TASK = "Make this code simpler. It has to do the same as before."


def find(place: Place) -> Frame | None:
    """Offer to simplify what is selected, or the function whose header the cursor is in."""
    if (span := selected(place)) is None:
        return None
    document = place.syntax.document
    code = document.unix_text_in(span)
    chat = code_chat(document, _TASK, code)
    return Frame("Simplify this code", chat, FENCE, span, partial(_texts, code))


def _texts(old: str, draft: Draft) -> Iterator[str]:
    for new in rewritten(old, draft):
        if len(new) > len(old):
            raise ActionRefused("The model made it longer.")
        yield new


SIMPLIFY = Action("simplify", find, chats=True)
