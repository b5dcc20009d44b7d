"""All code actions, and which of them make sense at a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.actions.body import BODY
from slm_lsp.actions.docstring import DOCSTRING

if TYPE_CHECKING:
    from slm_lsp.actions.frame import Action, Frame
    from slm_lsp.context.tree import Syntax
    from slm_lsp.text import Cursor

ACTIONS = {action.name: action for action in (BODY, DOCSTRING)}


def offers(syntax: Syntax, cursor: Cursor) -> list[tuple[Action, Frame]]:
    """Return the actions for `cursor` with their frames; costs about a millisecond."""
    found = [(action, action.find(syntax, cursor)) for action in ACTIONS.values()]
    return [(action, frame) for action, frame in found if frame is not None]
