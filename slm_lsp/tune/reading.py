"""How a base model reads: as its file says, or as one that is to learn to fill in will."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.engine.recognition import of_tokens, recognize
from slm_lsp.tune.examples import Reading

if TYPE_CHECKING:
    from slm_lsp.engine.fim import Format
    from slm_lsp.engine.llama import Llama

OWN_TOKENS = {"pre": 8, "suf": 9, "mid": 10, "rep": 4, "sep": 5}
"""Tokens of SmolLM2 that its training made no use of, as the tokens of our own model.

8 to 10 were meant for issues on GitHub, 4 (`<reponame>`) and 5 (`<file_sep>`) for what they are.
"""

OWN_ORDER = "spm"

ENDS = ("▁<EOT>", "<|endoftext|>")
"""What ends an answer is called, where it is not what ends a text for the file's own metadata: a
file of a model that chats names the token that ends a turn."""


def as_it_is(runtime: Llama) -> Reading:
    """Return how the model in `runtime` reads."""
    return _reading(runtime, recognize(runtime))


def as_our_own(runtime: Llama) -> Reading:
    """Return how our own model reads, which `runtime`, a SmolLM2, is to become."""
    return _reading(runtime, of_tokens(OWN_TOKENS, OWN_ORDER, heals=True))


def _reading(runtime: Llama, form: Format) -> Reading:
    named = (runtime.token(name) for name in ENDS)
    end = next((token for token in named if token is not None), runtime.end_token())
    start = (runtime.start_token(),) if runtime.starts_with_token() else ()
    return Reading(form, runtime.tokenize, runtime.vocabulary().pieces, start, end)
