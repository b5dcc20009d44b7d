"""Rewrites code by an instruction that somebody typed.

Rewrites code so that it is simpler and does the same.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from slm_lsp.actions.frame import Action, Frame
from slm_lsp.actions.instructed import (
    FENCE,
    code_chat,
    rewritten,
    selected,
)
from slm_lsp.errors import ActionRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.actions.frame import ActionContext
    from slm_lsp.completion.generate import Draft

MAX_INSTRUCTION = 500
"""Code points. What is longer is no instruction, but something pasted by mistake."""


def find(place: ActionContext) -> Frame | None:
    """Do as instructed with what is selected, or the function whose header the cursor is in."""
    instruction = " ".join(place.instruction.split())[:MAX_INSTRUCTION]
    if not instruction or (span := selected(place)) is None:
        return None
    document = place.syntax.document
    code = document.unix_text_in(span)
    chat = code_chat(document, f"Change this code: {instruction}", code)
    return Frame(f"Rewrite: {instruction}", chat, FENCE, span, partial(rewritten, code))


REWRITE = Action("rewrite", find, chats=True)


_SIMPLIFY_TASK = "Make this code simpler. It has to do the same as before."


def find_simplification(place: ActionContext) -> Frame | None:
    """Offer to simplify what is selected, or the function whose header the cursor is in."""
    if (span := selected(place)) is None:
        return None
    document = place.syntax.document
    code = document.unix_text_in(span)
    chat = code_chat(document, _SIMPLIFY_TASK, code)
    return Frame("Simplify this code", chat, FENCE, span, partial(_simplified, code))


def _simplified(old: str, draft: Draft) -> Iterator[str]:
    for new in rewritten(old, draft):
        if len(new) > len(old):
            raise ActionRefused("The model made it longer.")
        yield new


SIMPLIFY = Action("simplify", find_simplification, chats=True)
