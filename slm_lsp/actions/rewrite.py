"""Rewrites code by an instruction that somebody typed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from slm_lsp.actions.frame import Action, Frame
from slm_lsp.actions.instructed import FENCE, code_chat, rewritten, selected

if TYPE_CHECKING:
    from slm_lsp.actions.frame import Place

MAX_INSTRUCTION = 500
"""Code points. What is longer is no instruction, but something pasted by mistake."""


def find(place: Place) -> Frame | None:
    """Do as instructed with what is selected, or the function whose header the cursor is in."""
    instruction = " ".join(place.instruction.split())[:MAX_INSTRUCTION]
    if not instruction or (span := selected(place)) is None:
        return None
    document = place.syntax.document
    code = document.unix_text_in(span)
    chat = code_chat(document, f"Change this code: {instruction}", code)
    return Frame(f"Rewrite: {instruction}", chat, FENCE, span, partial(rewritten, code))


REWRITE = Action("rewrite", find, chats=True)
