"""All code actions, and which of them make sense at a place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from slm_lsp.actions.arguments import ARGUMENTS
from slm_lsp.actions.body import BODY, TODO
from slm_lsp.actions.docstring import DOCSTRING
from slm_lsp.actions.explain import EXPLAIN
from slm_lsp.actions.fix import FIX
from slm_lsp.actions.rewrite import REWRITE, SIMPLIFY
from slm_lsp.actions.translate import TRANSLATE
from slm_lsp.actions.type_hints import HINTS
from slm_lsp.actions.unit_test import TEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slm_lsp.actions.frame import (
        Action,
        ActionContext,
        Diagnostic,
        Frame,
    )

_ALL = (BODY, TODO, ARGUMENTS, DOCSTRING, HINTS, TEST, SIMPLIFY, EXPLAIN, TRANSLATE, REWRITE)
ACTIONS = {action.name: action for action in (FIX, *_ALL)}

MOST_FIXES = 3
"""Diagnostics that fixes are offered for: a line with more has another problem."""


def offers(
    place: ActionContext, diagnostics: Sequence[Diagnostic], *, chats: bool
) -> Iterator[tuple[Action, Frame, ActionContext]]:
    """Yield the actions for `place` with their frames; costs about a millisecond.

    `diagnostics` are what could be fixed there, `chats` tells that the model follows instructions.
    """
    fixes = [(FIX, replace(place, diagnostic=one)) for one in diagnostics[:MOST_FIXES]]
    for action, where in (*fixes, *((action, place) for action in _ALL)):
        if chats or not action.chats:
            frame = action.find(where)
            if frame is not None:
                yield action, frame, where
