"""A GGUF model that completes prompts: format, healing, KV reuse and sampling put together."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from slm_lsp.engine.fim import detect, layout
from slm_lsp.engine.kv import CachedSequence
from slm_lsp.engine.llama import Llama
from slm_lsp.engine.model import Prefill, Token
from slm_lsp.engine.sampling import choose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slm_lsp.engine.model import AbortFlag
    from slm_lsp.engine.protocol import Prompt

RESERVED_TOKENS = 520
"""Room kept in the context for the answer: the largest `completion.maxTokens`, and healing."""


class LlamaModel:
    """Implements `Model` with llama.cpp."""

    def __init__(self, path: Path, *, threads: int, context_tokens: int, abort: AbortFlag) -> None:
        self._llama = Llama(
            path, threads=threads, context_tokens=context_tokens + RESERVED_TOKENS, abort=abort
        )
        self._vocabulary = self._llama.vocabulary()
        self._format = detect(self._llama.fim_tokens())
        self._sequence = CachedSequence(self._llama)
        self._forced = b""

    def prefill(self, prompt: Prompt, abort: AbortFlag) -> Prefill:
        """Evaluate what is new in `prompt`. Raises Aborted."""
        room = self._llama.context_tokens - RESERVED_TOKENS
        pieces = self._vocabulary.pieces
        laid_out = layout(self._format, prompt, self._llama.tokenize, pieces, room)
        tokens = list(laid_out.tokens)
        if not tokens or self._llama.starts_with_token():
            tokens.insert(0, self._llama.start_token())
        self._forced = laid_out.forced
        return Prefill(len(tokens), self._sequence.extend_to(tokens, abort))

    def decode(self, max_tokens: int, abort: AbortFlag) -> Iterator[Token]:
        """Yield greedy tokens; those that only repeat what was healed are not counted or shown."""
        forced, shown = self._forced, 0
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while shown < max_tokens:
            allowed = self._vocabulary.continuing(forced) if forced else None
            token, logprob = choose(self._llama.logits(), allowed)
            if self._llama.is_end(token):
                return
            piece = self._vocabulary.pieces[token]
            new, forced = piece[len(forced) :], forced[len(piece) :]
            if new:
                shown += 1
                yield Token(decoder.decode(new), logprob)
            if shown < max_tokens:
                self._sequence.append(token, abort)

    def close(self) -> None:
        """Give the memory back."""
        self._llama.close()
