"""Answers of the default model: several side by side, and of one line or more."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

from slm_lsp.inference.llama.model import LlamaModel
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.protocol import Prompt

if TYPE_CHECKING:
    from slm_lsp.models import InstalledModel

WHOLE = Prompt(
    "a.py", "python", "def first(items):\n    return items[0]", "\n\n\nprint(first([1]))\n"
)
"""Where nothing is missing."""

BLOCK = Prompt(
    "a.py",
    "python",
    "def is_even(n):\n    if n % 2 == 0:\n        return True\n    return False\n\n\n"
    "def is_odd(n):\n    ",
    "",
)


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
    small_model: InstalledModel,
) -> None:
    model = LlamaModel(small_model.path, threads=2, context_tokens=512, abort=AbortFlag())
    assert answers(model, 1) == {0: ""}
    several = answers(model, 4)
    assert several[0] == ""
    assert len(set(several.values())) == 4
    model.close()


def test_a_block_goes_on_where_one_line_would_end(small_model: InstalledModel) -> None:
    """Ends count more in training: right within a line, and too soon in a block."""
    abort = AbortFlag()
    model = LlamaModel(small_model.path, threads=2, context_tokens=512, abort=abort)
    found = {}
    for one_line in (True, False):
        model.prefill(BLOCK, 0.0, abort)
        tokens = itertools.islice(model.decode({0}, abort, one_line=one_line), 24)
        found[one_line] = "".join(it.text for it in tokens).rstrip()
    assert "\n" not in found[True]
    assert found[False].startswith(f"{found[True]}\n")
    model.close()
