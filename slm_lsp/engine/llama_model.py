"""A GGUF model that completes prompts: format, healing, KV reuse and sampling put together."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from slm_lsp.engine.branches import decode
from slm_lsp.engine.fim import ORDER_KEY, detect, layout
from slm_lsp.engine.kv import CachedSequence, Places
from slm_lsp.engine.llama import Llama
from slm_lsp.engine.model import Prefill
from slm_lsp.engine.pace import LEAST_TOKENS, Pace
from slm_lsp.engine.shortcut import Shortcut

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slm_lsp.engine.fim import Layout
    from slm_lsp.engine.model import AbortFlag, Token
    from slm_lsp.engine.protocol import Prompt

RESERVED_TOKENS = 520
"""Room kept in the context for the answer: the largest `completion.maxTokens`, and healing."""

SUFFIX_SHARE = 4
"""At most one in so many tokens of a prompt comes from behind the cursor."""

SHORT_SUFFIX_TOKENS = LEAST_TOKENS // SUFFIX_SHARE
"""The same for a prompt that is read from its end."""


class LlamaModel:
    """Implements `Model` with llama.cpp.

    There are a sequence `_whole` for whole prompts, `_short` for the ends of those that are too
    new to be read whole in time, and more for the branches of an answer. While nobody asks, the
    first catches up.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int,
        context_tokens: int,
        parked_bytes: int = 0,
        abort: AbortFlag,
    ) -> None:
        """Load the weights at `path`. Raises ModelUnusable.

        States of places visited before take up to `parked_bytes` of memory.
        """
        self._llama = Llama(
            path, threads=threads, context_tokens=context_tokens + RESERVED_TOKENS, abort=abort
        )
        self._vocabulary = self._llama.vocabulary()
        self._format = detect(self._llama.fim_tokens(), self._llama.metadata(ORDER_KEY))
        self._whole, self._short = CachedSequence(self._llama, 0), CachedSequence(self._llama, 1)
        self._places = Places(parked_bytes)
        self._sequence = self._whole  # the one that is being decoded
        self._left_out: list[int] = []  # a whole prompt whose end alone was read
        self._shortcut = Shortcut(self._vocabulary.pieces)
        self._pace = Pace()
        self._forced = b""

    @property
    def evaluated_tokens(self) -> int:
        """Tokens of prompts evaluated since the model was loaded."""
        return self._llama.evaluated

    def prefill(self, prompt: Prompt, budget_s: float, abort: AbortFlag) -> Prefill:
        """Evaluate what is new in `prompt`, or in its end where that takes too long."""
        room = self._llama.context_tokens - RESERVED_TOKENS
        whole = self._lay_out(prompt, room, room // SUFFIX_SHARE)
        tokens, self._forced = whole.tokens, whole.forced
        self._sequence, self._left_out = self._whole, []
        self._places.move(self._whole, tokens)
        affordable = self._pace.affordable(budget_s)
        if budget_s and len(tokens) - self._whole.held(tokens) > affordable:
            if whole.tail:
                whole = self._lay_out(prompt, room, SHORT_SUFFIX_TOKENS)
            end = self._shortcut.end_of(whole, affordable, self._short)
            if len(end.tokens) < len(tokens):
                self._sequence, self._left_out, tokens = self._short, tokens, end.tokens
        started = time.perf_counter()
        held = self._sequence.extend_to(tokens, abort)
        self._pace.read(len(tokens) - held, time.perf_counter() - started)
        return Prefill(len(tokens), held)

    def decode(self, running: set[int], abort: AbortFlag) -> Iterator[Token]:
        """Yield greedy tokens; those that only repeat what was healed are not shown."""
        yield from decode(
            self._llama, self._vocabulary, self._sequence, self._forced, running, self._pace, abort
        )

    @property
    def behind(self) -> bool:
        """Whether only the end of the last prompt was read."""
        return bool(self._left_out)

    def catch_up(self, abort: AbortFlag) -> None:
        """Read the last prompt whole. Raises Aborted."""
        self._whole.extend_to(self._left_out, abort)
        self._left_out = []

    def close(self) -> None:
        """Give the memory back."""
        self._llama.close()

    def _lay_out(self, prompt: Prompt, room: int, suffix_room: int) -> Layout:
        laid_out = layout(
            self._format,
            prompt,
            self._llama.tokenize,
            self._vocabulary.pieces,
            room,
            suffix_room,
        )
        if laid_out.tokens and not self._llama.starts_with_token():
            return laid_out
        return laid_out.behind(self._llama.start_token())
