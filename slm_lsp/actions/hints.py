"""Adds type hints to the signature of a function, in languages that can do without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.actions.frame import Action, Frame
from slm_lsp.actions.python_hints import python_hints
from slm_lsp.actions.tree_hints import TREES, tree_hints
from slm_lsp.context.functions import function_at

if TYPE_CHECKING:
    from slm_lsp.actions.frame import Place


def find(place: Place) -> Frame | None:
    """Offer type hints where the cursor is in a header that has none, or not all of them."""
    syntax, cursor = place.syntax, place.cursor
    document, function = syntax.document, function_at(syntax, cursor)
    if function is None or not function.header_on(cursor.line):
        return None
    if document.language == "python":
        return python_hints(document, function)
    return tree_hints(syntax, function) if document.language in TREES else None


HINTS = Action("hints", find)
