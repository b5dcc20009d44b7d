"""Token healing: undo the token boundary that the cursor forces on the prompt.

A tokenizer cuts `return x` into other tokens than `return` and ` x`; a prompt that ends inside what
is usually one token leads the model to texts it never saw in training. With SmolLM2-135M, 207
single-line holes and a prompt ending in a newline, exact match was 0.0 % without healing and
19.8 % with it. So the last tokens are taken back and the answer is made to begin with their bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_HEALED = 3
"""Tokens taken back at the most. Each costs one decode; merges reach further only in whitespace,
which is taken back whole because a run of it is one or two tokens."""


def healed(tokens: Sequence[int], pieces: Sequence[bytes]) -> tuple[list[int], bytes]:
    """Split a tokenized prompt into the tokens to keep and the bytes the answer must begin with.

    Control tokens (empty pieces) are never taken back. What is taken back is the last token, and
    with it the token before as long as the two could have been one: both whitespace, or together
    one word with what it leans on.
    """
    keep = len(tokens)
    forced = b""
    while keep > 0 and (piece := pieces[tokens[keep - 1]]):
        if forced and not _may_merge(piece, forced, len(tokens) - keep):
            break
        forced = piece + forced
        keep -= 1
    return list(tokens[:keep]), forced


def _may_merge(piece: bytes, forced: bytes, taken: int) -> bool:
    if piece.isspace():
        return forced.isspace() or (taken < MAX_HEALED and not forced[:1].isspace())
    if taken >= MAX_HEALED or forced[:1].isspace():
        return False
    return _is_word(piece[-1]) == _is_word(forced[0])


def _is_word(byte: int) -> bool:
    return byte >= 0x80 or chr(byte).isalnum() or byte == ord("_")
