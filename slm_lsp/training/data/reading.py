"""How a base model reads: as its file says, or as one that is to learn to fill in will."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from slm_lsp.inference.prompts.families import PREFIX, SUFFIX
from slm_lsp.inference.prompts.recognition import end_weight, of_tokens, recognize
from slm_lsp.training.data.examples import Reading

if TYPE_CHECKING:
    from slm_lsp.inference.llama.library import Llama
    from slm_lsp.inference.prompts.fim import Format

OWN_TOKENS = {"pre": 8, "suf": 9, "mid": 10, "rep": 4, "sep": 5}
"""Tokens of SmolLM2 that its training made no use of, as the tokens of our own model.

8 to 10 were meant for issues on GitHub, 4 (`<reponame>`) and 5 (`<file_sep>`) for what they are.
"""

OWN_ORDER, OTHER_ORDER = "joined", "psm"
"""What stands behind the prefix is what the base would write there anyway, so it only has to learn
what a suffix is and where to stop. With a token between the two (SPM), holes within a word were
beyond it: after 1.9 million tokens it filled 12 % of the rests of a line, the base alone 28 %."""

OWN_END_WEIGHT = 20.0
"""Whether an answer goes on in the next line is often open, and the end is one token among many.
With 1.5 the model ended seven in ten of the holes within a line by itself, with 12 and more nearly
nine, and no fewer were filled exactly; its page has the figures. Where several lines are wanted the
engine takes the weight back."""

ENDS = ("▁<EOT>", "<|endoftext|>")
"""What ends an answer is called, where it is not what ends a text for the file's own metadata: a
file of a model that chats names the token that ends a turn."""


def as_it_is(runtime: Llama) -> Reading:
    """Return how the model in `runtime` reads."""
    form = recognize(runtime)
    return _reading(runtime, form, turned(form), end_weight(runtime))


def as_our_own(runtime: Llama) -> Reading:
    """Return how our own model reads, which `runtime`, a SmolLM2, is to become."""
    form, other = (of_tokens(OWN_TOKENS, it) for it in (OWN_ORDER, OTHER_ORDER))
    return _reading(runtime, form, other, OWN_END_WEIGHT)


def turned(form: Format) -> Format:
    """Return `form` with the suffix, and the token before it, on the other side of the prefix."""
    if form.order == "prefix":
        return form
    at, other = sorted((form.parts.index(PREFIX), form.parts.index(SUFFIX)))
    parts = form.parts
    return replace(form, parts=(*parts[at + 1 : other + 1], *parts[: at + 1], *parts[other + 1 :]))


def _reading(runtime: Llama, form: Format, other: Format, weight: float) -> Reading:
    named = (runtime.token(name) for name in ENDS)
    end = next((token for token in named if token is not None), runtime.end_token())
    start = (runtime.start_token(),) if runtime.starts_with_token() else ()
    pieces = runtime.vocabulary().pieces
    return Reading(form, other, runtime.tokenize, pieces, start, end, weight)
