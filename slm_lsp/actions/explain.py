"""Explains code in words, and edits nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.actions.frame import Action, Frame
from slm_lsp.actions.instructed import fenced, selected
from slm_lsp.completion.postprocess import without_circles
from slm_lsp.completion.stop import Stop
from slm_lsp.inference.protocol import Chat
from slm_lsp.text.document import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.actions.frame import ActionContext
    from slm_lsp.completion.generate import Draft

_RULES = "You explain code to programmers, in a few short sentences."


def find(place: ActionContext) -> Frame | None:
    """Offer to explain what is selected, or the function whose header the cursor is in."""
    if (span := selected(place)) is None:
        return None
    document = place.syntax.document
    task = f"What does this code do?\n\n{fenced(document, document.unix_text_in(span))}"
    return Frame("Explain this code", Chat(_RULES, task), Stop(()), span, _texts)


def _texts(draft: Draft) -> Iterator[str]:
    text = without_circles(visible(draft.text)).strip()
    if draft.cut:  # the last sentence is cut
        text = text[: text.rfind(".") + 1] or text
    if text:
        yield text


EXPLAIN = Action("explain", find, base="", chats=True)
