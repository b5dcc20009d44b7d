"""Tokenizing again only what changed comes to the same as tokenizing everything."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from slm_lsp.inference.llama.tokenizer import MARGIN, Tokenizer

# As byte-level BPE tokenizers cut a text into words; a token here is half a word.
WORDS = re.compile(r" ?[A-Za-z]+| ?\d+| ?[^\s\w]+|\s+(?!\S)|\s+|\w")
PARTS = st.sampled_from(["\n", "    ", " ", "def ", "x", " foo", "(a, b)", "1", "é", ":\n", "\n\n"])
TEXTS = st.lists(PARTS, max_size=120).map("".join)


class Counting:
    """Tokenizes; knows how many characters it was given."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.numbers: dict[bytes, int] = {}
        self.read = 0

    def __call__(self, text: str) -> list[int]:
        self.read += len(text)
        return [
            self._number(piece.encode())
            for word in WORDS.findall(text)
            for piece in (word[: len(word) // 2 + 1], word[len(word) // 2 + 1 :])
            if piece
        ]

    def _number(self, piece: bytes) -> int:
        if piece not in self.numbers:
            self.numbers[piece] = len(self.pieces)
            self.pieces.append(piece)
        return self.numbers[piece]


@given(st.lists(TEXTS, max_size=5), st.lists(TEXTS, min_size=1, max_size=5))
@example(["x = 1\n" * 40], ["x foo" * 40 + "\n"])
def test_it_comes_to_the_same(heads: list[str], ends: list[str]):
    full = Counting()
    tokenizer = Tokenizer(full, full.pieces, splits_words=True)
    for head in heads:
        for end in ends:
            text = head + end
            assert tokenizer(text) == full(text)


def test_typing_reads_only_what_is_near():
    full = Counting()
    tokenizer = Tokenizer(full, full.pieces, splits_words=True)
    text = "    value = compute(first, second)\n" * 100
    tokenizer(text)
    full.read = 0
    tokenizer(text + "    v")
    assert full.read < 2 * MARGIN


def test_other_tokenizers_start_from_scratch():
    full = Counting()
    tokenizer = Tokenizer(full, full.pieces, splits_words=False)
    tokenizer("a b " * 100)
    full.read = 0
    tokenizer("a b " * 100 + "c")
    assert full.read == 401
