"""What the model reads for a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from slm_lsp.context.cells import with_cells
from slm_lsp.context.window import Budget, window

if TYPE_CHECKING:
    from slm_lsp.completion.request import Request
    from slm_lsp.config import Settings
    from slm_lsp.engine.protocol import Prompt


def prompt_for(request: Request, settings: Settings) -> Prompt:
    """Return the window around the cursor, below the cells above it in a notebook.

    Definitions in other files stand first of all.
    """
    budget = Budget(settings.context.prefix_tokens, settings.context.suffix_tokens)
    place = (request.document, request.outline, request.cursor)
    if not request.cells:
        return window(*place, budget, request.definitions)
    prompt = with_cells(window(*place, budget), request.cells, budget)
    return msgspec.structs.replace(prompt, prefix=request.definitions + prompt.prefix)
