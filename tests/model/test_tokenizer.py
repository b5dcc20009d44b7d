"""The real tokenizer, asked for what changed only."""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import TYPE_CHECKING

from slm_lsp.inference.llama.library import Llama
from slm_lsp.inference.llama.tokenizer import Tokenizer

if TYPE_CHECKING:
    from slm_lsp import models


def test_edits_come_to_the_same_as_the_whole(small_model: models.InstalledModel):
    llama = Llama(small_model.path)
    try:
        assert llama.splits_words
        tokenizer = Tokenizer(
            llama.tokenize, llama.vocabulary().pieces, splits_words=llama.splits_words
        )
        rng = random.Random(7)
        source = Path(argparse.__file__).read_text(encoding="utf-8")
        text = source[2000:5000]
        for _ in range(300):
            at = rng.randrange(len(text) + 1) if rng.random() < 0.3 else len(text)
            other = rng.randrange(len(source) - 20)
            typed = rng.choice(
                [source[other : other + rng.randrange(20)], "\n\n", "  ", "é😀", " x"]
            )
            text = text[: max(0, at - rng.randrange(4))] + typed + text[at:]
            assert tokenizer(text) == llama.tokenize(text)
    finally:
        llama.close()
