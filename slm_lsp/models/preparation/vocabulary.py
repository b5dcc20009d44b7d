"""The vocabulary cut to the tokens that code needs.

A model of 0.5 billion parameters multiplies a matrix of 152,000 rows for each token it writes, a
quarter of all its work, and code uses a third of these rows. A token may go if no kept one is made
of it: byte-level BPE begins with single bytes and merges pairs, so with all bytes, and with both
halves of every kept token, each text can still be written, and is read back as it was. Text that
has a dropped token in it is written with the pieces of that token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slm_lsp.errors import ModelUnusable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

TOKENS = "tokenizer.ggml.tokens"
TYPES = "tokenizer.ggml.token_type"
MERGES = "tokenizer.ggml.merges"

_KIND = "tokenizer.ggml.model"
_BYTE_LEVEL = "gpt2"
"""What llama.cpp calls the byte-level BPE vocabularies."""

_NORMAL = 1
"""The type of tokens that are plain text; all others are control tokens, and stay."""

LEAST_GAIN = 0.1
"""The share of tokens that must go; a smaller cut is not worth another file."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The tokens that stay: their old numbers, in their order, and the `merges` among them."""

    kept: tuple[int, ...]
    merges: tuple[str, ...]

    def metadata(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of a model's metadata `values` that the cut changes, as they are then."""
        changed: dict[str, Any] = {key: [values[key][at] for at in self.kept] for key in _LISTS}
        changed[MERGES] = list(self.merges)
        number = {old: new for new, old in enumerate(self.kept)}
        ids = (key for key in values if key.startswith("tokenizer.") and key.endswith("_token_id"))
        return changed | {key: number[values[key]] for key in ids}


_LISTS = (TOKENS, TYPES)
"""Metadata with an entry for each token."""


def cut(values: Mapping[str, Any], needed: Collection[str]) -> Cut:
    """Return what stays of the vocabulary in a model's metadata if only `needed` tokens have to.

    `needed` are texts in the vocabulary's own notation; others than its tokens are passed over.
    Raises ModelUnusable where the vocabulary is no byte-level BPE, or hardly any token could go.
    """
    if values.get(_KIND) != _BYTE_LEVEL or not values.get(MERGES):
        raise ModelUnusable(
            "Its vocabulary cannot be cut: that takes a byte-level BPE with a list of merges."
        )
    tokens, types = values[TOKENS], values[TYPES]
    ids = [values[key] for key in values if key.endswith("_token_id")]
    number = {text: at for at, text in enumerate(tokens)}
    halves = _halves(values[MERGES])
    stack = [number[text] for text in needed if text in number]
    stack += [
        at
        for at, (text, kind) in enumerate(zip(tokens, types, strict=True))
        if kind != _NORMAL or len(text) == 1
    ]
    kept: set[int] = set()
    for token in [*stack, *ids]:
        _keep(token, tokens, number, halves, kept)
    if len(kept) > (1 - LEAST_GAIN) * len(tokens):
        raise ModelUnusable(
            f"Its vocabulary is hardly larger than code needs: {len(kept)} of {len(tokens)} tokens."
        )
    texts = {tokens[at] for at in kept}
    merges = (it for it in values[MERGES] if _pair(it)[0] + _pair(it)[1] in texts)
    return Cut(tuple(sorted(kept)), tuple(it for it in merges if texts.issuperset(_pair(it))))


def _keep(
    token: int,
    tokens: Sequence[str],
    number: Mapping[str, int],
    halves: Mapping[str, tuple[str, str]],
    kept: set[int],
) -> None:
    """Add `token` to `kept`, with what it is merged from."""
    stack = [token]
    while stack:
        at = stack.pop()
        if at not in kept:
            kept.add(at)
            stack += [number[half] for half in halves.get(tokens[at], ()) if half in number]


def _halves(merges: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return what each text is merged from first."""
    halves: dict[str, tuple[str, str]] = {}
    for merge in merges:
        first, second = _pair(merge)
        halves.setdefault(first + second, (first, second))
    return halves


def _pair(merge: str) -> tuple[str, str]:
    first, _, second = merge.partition(" ")
    return first, second
