"""What the model sees of a notebook besides the cell: the cells above, nearest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from slm_lsp.context.secrets import masked_around
from slm_lsp.context.window import CHARACTERS_PER_TOKEN, estimated_tokens
from slm_lsp.lines import content_length
from slm_lsp.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.context.window import Budget
    from slm_lsp.engine.protocol import Prompt
    from slm_lsp.text import Document

STEP_SHARE = 8
"""Room for the cell itself comes in steps of one in so many tokens: within a step, typing leaves
the first line of what the model reads where it is."""


def with_cells(prompt: Prompt, above: Sequence[Document], budget: Budget) -> Prompt:
    """Return `prompt` with as many lines of the cells `above` as its budget has left.

    The cost grows with the budget, not with the notebook.
    """
    step = max(1, budget.prefix_tokens // STEP_SHARE)
    own = int(estimated_tokens(prompt.prefix) // step + 1) * step
    room = (budget.prefix_tokens - own) * CHARACTERS_PER_TOKEN
    lines: list[str] = []
    for cell in reversed(above):
        for number in range(len(cell.lines) - 1, -1, -1):
            line = cell.lines[number]
            text = visible(line[: content_length(line)]) + "\n"
            room -= estimated_tokens(text) * CHARACTERS_PER_TOKEN
            if room < 0:
                return _put_above(prompt, lines)
            lines.append(text)
    return _put_above(prompt, lines)


def _put_above(prompt: Prompt, lines: list[str]) -> Prompt:
    prefix, suffix = masked_around("".join(reversed(lines)) + prompt.prefix, prompt.suffix)
    return msgspec.structs.replace(prompt, prefix=prefix, suffix=suffix)
