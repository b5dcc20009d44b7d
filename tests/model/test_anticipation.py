"""Typing with the default model: what was read beforehand makes answers cheaper, not others."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from slm_lsp.inference.llama.model import LlamaModel
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.protocol import Prompt

if TYPE_CHECKING:
    from slm_lsp.models import InstalledModel

BEFORE = (
    '"""Orders."""\n\n\nclass Order:\n    def __init__(self, lines):\n        self.lines = lines\n'
)
TYPED = "\n    def total(self):\n        zebra = sum(quux.price for quux in self.lines)\n"


def answers(model: InstalledModel, *, anticipates: bool) -> tuple[list[str], int]:
    """Type `TYPED`; return the answer to each key and how many tokens they waited for in all."""
    abort = AbortFlag()
    typing = LlamaModel(model.path, threads=2, context_tokens=512, abort=abort)
    found, new = [], 0
    for end in range(len(TYPED) + 1):
        typing.awaited = True
        read = typing.prefill(Prompt("a.py", "python", BEFORE + TYPED[:end], ""), 0.0, abort)
        new += read.prompt_tokens - read.cached_tokens if end else 0
        tokens = itertools.islice(typing.decode({0}, abort), 4)
        found.append("".join(token.text for token in tokens))
        typing.awaited = False
        if anticipates:
            assert typing.anticipates
            typing.anticipate(abort)
            assert not typing.anticipates
    typing.close()
    return found, new


def test_a_key_that_the_model_did_not_hear_of_finds_the_word_read_too(
    small_model: InstalledModel,
) -> None:
    abort = AbortFlag()
    typing = LlamaModel(small_model.path, threads=2, context_tokens=512, abort=abort)

    def prompt(typed: str) -> Prompt:
        return Prompt("a.py", "python", BEFORE + typed, "")

    typing.prefill(prompt("\n    def "), 0.0, abort)
    typing.expect(prompt("\n    def quux"))
    typing.anticipate(abort)
    read = typing.prefill(prompt("\n    def quux("), 0.0, abort)
    assert read.prompt_tokens == read.cached_tokens
    typing.expect(prompt("\n" * 400))  # far from what was read
    before = typing.evaluated_tokens
    typing.anticipate(abort)
    assert typing.evaluated_tokens == before
    typing.close()


def test_the_next_key_finds_the_word_read(small_model: InstalledModel) -> None:
    plain, waited_for = answers(small_model, anticipates=False)
    found, left = answers(small_model, anticipates=True)
    different = sum(one != other for one, other in zip(found, plain, strict=True))
    assert different <= len(found) / 10  # scores of one token and of several are rounded otherwise
    assert left < waited_for / 2
