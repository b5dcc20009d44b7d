"""Several answers of the default model, written side by side."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from slm_lsp.engine.llama_model import LlamaModel
from slm_lsp.engine.model import AbortFlag
from slm_lsp.engine.protocol import Prompt

if TYPE_CHECKING:
    from slm_lsp.store import InstalledModel

WHOLE = Prompt(
    "a.py", "python", "def first(items):\n    return items[0]", "\n\n\nprint(first([1]))\n"
)
"""Where nothing is missing."""


def answers(model: LlamaModel, count: int) -> dict[int, str]:
    """Return what the branches write until the first line feed, or 16 tokens."""
    abort = AbortFlag()
    model.prefill(WHOLE, 0.0, abort)
    running, found, length = set(range(count)), dict.fromkeys(range(count), ""), Counter[int]()
    for token in model.decode(running, abort):
        found[token.branch] += token.text
        length[token.branch] += 1
        if "\n" in token.text or length[token.branch] == 16:
            running.discard(token.branch)
    return found


def test_others_are_written_where_the_likeliest_answer_is_nothing(
    default_model: InstalledModel,
) -> None:
    model = LlamaModel(default_model.path, threads=2, context_tokens=512, abort=AbortFlag())
    assert answers(model, 1) == {0: ""}
    several = answers(model, 4)
    assert several[0] == ""
    assert len(set(several.values())) == 4
    model.close()
