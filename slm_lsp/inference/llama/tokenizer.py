"""Tokenizing a text that mostly is the one before: only what changed is tokenized again.

A prompt of 3,000 characters takes 3 ms to tokenize, a tenth of what answering a key takes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from slm_lsp.inference.llama.kv import common_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MARGIN = 64
"""Bytes before the first change that are tokenized again: rules look ahead by some characters."""

_WORD = re.compile(rb" [A-Za-z]")


class Tokenizer:
    """Tokenizes one text after the other, with the same result as from scratch."""

    def __init__(
        self,
        tokenize: Callable[[str], list[int]],
        pieces: Sequence[bytes],
        *,
        splits_words: bool,
    ) -> None:
        """`splits_words`: it cuts the text into words first, from left to right.

        So do all byte-level BPE tokenizers. A blank followed by a letter then always begins a word,
        and what stands before it has no influence on what follows. Others start from scratch.
        """
        self._tokenize = tokenize
        self._pieces = pieces
        self._splits_words = splits_words
        self._text = ""
        self._tokens: list[int] = []

    def __call__(self, text: str) -> list[int]:
        """Return the tokens of `text`."""
        keep, start = self._reusable(text) if self._splits_words else (0, 0)
        tokens = self._tokens[:keep] + self._tokenize(text.encode()[start:].decode())
        self._text, self._tokens = text, tokens
        return list(tokens)

    def _reusable(self, text: str) -> tuple[int, int]:
        """Return how many of the last tokens hold for `text`, and the bytes they make."""
        same = len(text[: common_prefix(self._text, text)].encode()) - MARGIN
        at = len(self._text.encode())
        for keep in range(len(self._tokens) - 1, 0, -1):
            piece = self._pieces[self._tokens[keep]]
            at -= len(piece)
            if at <= same and _WORD.match(piece):
                return keep, at
        return 0, 0
