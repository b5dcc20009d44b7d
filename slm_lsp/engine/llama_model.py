"""A GGUF model that completes prompts: format, healing, KV reuse and sampling put together."""

from __future__ import annotations

import codecs
import time
from typing import TYPE_CHECKING

from slm_lsp.engine.fim import detect, layout
from slm_lsp.engine.kv import CachedSequence
from slm_lsp.engine.llama import Llama
from slm_lsp.engine.model import Prefill, Token
from slm_lsp.engine.sampling import choose
from slm_lsp.engine.shortcut import Shortcut

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slm_lsp.engine.fim import Layout
    from slm_lsp.engine.model import AbortFlag
    from slm_lsp.engine.protocol import Prompt

RESERVED_TOKENS = 520
"""Room kept in the context for the answer: the largest `completion.maxTokens`, and healing."""


class LlamaModel:
    """Implements `Model` with llama.cpp.

    There are two sequences: `_whole` for whole prompts, and `_short` for the ends of those that
    are too new to be read whole in time. While nobody asks, the first catches up.
    """

    def __init__(self, path: Path, *, threads: int, context_tokens: int, abort: AbortFlag) -> None:
        self._llama = Llama(
            path, threads=threads, context_tokens=context_tokens + RESERVED_TOKENS, abort=abort
        )
        self._vocabulary = self._llama.vocabulary()
        self._format = detect(self._llama.fim_tokens())
        self._whole, self._short = CachedSequence(self._llama, 0), CachedSequence(self._llama, 1)
        self._sequence = self._whole  # the one that is being decoded
        self._left_out: list[int] = []  # a whole prompt whose end alone was read
        self._shortcut = Shortcut(self._vocabulary.pieces)
        self._forced = b""

    def prefill(self, prompt: Prompt, abort: AbortFlag) -> Prefill:
        """Evaluate what is new in `prompt`, or in its end where that is much. Raises Aborted."""
        laid_out = self._lay_out(prompt)
        whole = list(laid_out.tokens)
        self._forced = laid_out.forced
        self._sequence, tokens, self._left_out = self._whole, whole, []
        if len(whole) - self._whole.held(whole) > self._shortcut.affordable:
            tokens = self._shortcut.end_of(whole, laid_out.fixed, self._short)
            if len(tokens) < len(whole):
                self._sequence, self._left_out = self._short, whole
        started = time.perf_counter()
        held = self._sequence.extend_to(tokens, abort)
        self._shortcut.observe(len(tokens) - held, time.perf_counter() - started)
        return Prefill(len(tokens), held)

    @property
    def behind(self) -> bool:
        """Whether only the end of the last prompt was read."""
        return bool(self._left_out)

    def catch_up(self, abort: AbortFlag) -> None:
        """Read the last prompt whole. Raises Aborted."""
        self._whole.extend_to(self._left_out, abort)
        self._left_out = []

    def _lay_out(self, prompt: Prompt) -> Layout:
        room = self._llama.context_tokens - RESERVED_TOKENS
        laid_out = layout(self._format, prompt, self._llama.tokenize, self._vocabulary.pieces, room)
        if laid_out.tokens and not self._llama.starts_with_token():
            return laid_out
        return laid_out.behind(self._llama.start_token())

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
