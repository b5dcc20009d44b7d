"""A GGUF model that completes prompts: format, healing, KV reuse and sampling put together."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.llama.branches import decode
from slm_lsp.inference.llama.kv import PromptCache
from slm_lsp.inference.llama.library import unheard
from slm_lsp.inference.llama.loaded import SHORT_TOKENS, load
from slm_lsp.inference.llama.sampling import Overweight
from slm_lsp.inference.llama.speculative import SpeculativeSequence
from slm_lsp.inference.llama.throughput import (
    FIRST_BATCH,
    FIRST_BATCH_S,
    LEAST_TOKENS,
    Throughput,
)
from slm_lsp.inference.llama.tokenizer import Tokenizer
from slm_lsp.inference.llama.truncation import PromptTruncator
from slm_lsp.inference.model import Aborted, Prefill
from slm_lsp.inference.prompts.chat import TEMPLATE_KEY, detect_chat, lay_out_chat
from slm_lsp.inference.prompts.fim import (
    READ_WITHOUT_CLOSERS,
    Layout,
    layout,
    named,
    without_closers,
)
from slm_lsp.inference.prompts.recognition import end_weight, recognize
from slm_lsp.inference.protocol import Chat, Prompt
from slm_lsp.platform.affinity import ThreadAffinity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from slm_lsp.inference.llama.context import LlamaContext
    from slm_lsp.inference.model import AbortFlag, Token

COLD_TOKENS, WARM_TOKENS = FIRST_BATCH // 2, FIRST_BATCH + FIRST_BATCH // 2
"""What a new model is warmed up with: so few that they teach nothing, and all that are read at once
before it is known how fast that goes."""

SUFFIX_SHARE = 2
"""At most one in so many tokens of a prompt comes from behind the cursor."""

SHORT_SUFFIX_TOKENS = LEAST_TOKENS // 4
"""The same for a prompt that is read from its end: there the prefix counts for more."""


class LlamaModel:
    """Implements `Model` with llama.cpp.

    `_whole` holds a whole prompt, and `_short` the end of one that is too new to be read whole in
    time. While nobody asks, the first catches up.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int,
        context_tokens: int,
        parked_bytes: int = 0,
        fim: str = "auto",
        gpu_layers: int = 0,
        adapter: Path | None = None,
        abort: AbortFlag,
        progress: Callable[[float], None] = unheard,
    ) -> None:
        """Load the weights at `path`, and an `adapter` to them. Raises ModelUnusable.

        `fim` is the prompt format as in `recognize`, `gpu_layers` as in `offload.place`.
        `context_tokens` is clamped to what the model was trained for. States of places visited
        before take up to `parked_bytes` of memory. `progress` hears of the share loaded (0 to 1).
        """
        self._team = ThreadAffinity(threads)
        self._llama, self._room, self._contexts, self.placement = load(
            path,
            adapter,
            threads=threads,
            context_tokens=context_tokens,
            gpu_layers=gpu_layers,
            abort=abort,
            progress=progress,
        )
        self._whole, self._short = map(SpeculativeSequence, self._contexts)
        self._vocabulary = self._llama.vocabulary()
        self._format = recognize(self._llama, fim)
        self._overweight = self._of_ends()
        self._chat_format = detect_chat(self._llama.metadata(TEMPLATE_KEY))
        self._prefixes, self._suffixes = self._tokenizers()
        self._places = PromptCache(parked_bytes)
        self._shortcut = PromptTruncator(self._vocabulary.pieces)
        self._threads = threads
        self._paces = {True: Throughput(), False: Throughput()}
        self.awaited = True
        self._read = self._whole, Layout((), ())  # what is to be decoded
        self._left_out: list[int] = []  # a whole prompt whose end alone was read
        self._due: tuple[SpeculativeSequence, Layout] | None = (
            None  # what the next prompt may go on from
        )

    @property
    def room(self) -> int:
        """How many tokens a prompt may have."""
        return self._room

    @property
    def chats(self) -> bool:
        """Whether it follows instructions."""
        return self._chat_format is not None

    @property
    def fills_in(self) -> str:
        """How it fills in: the name of a family, `by its tokens`, or empty where it does not."""
        if self._format.order == "prefix":
            return ""
        return self._format.family or "by its tokens"

    @property
    def awaited(self) -> bool:
        """Whether somebody waits: then all threads work, else one of two leaves its core free.

        More than two work on: the runtime would end those that are left out, and start others.
        """
        return self._awaited

    @awaited.setter
    def awaited(self, awaited: bool) -> None:
        self._awaited = awaited
        for context in self._contexts:
            context.threads = 1 if self._threads == 2 and not awaited else self._threads
            context.pace = self._paces[awaited]

    @property
    def evaluated_tokens(self) -> int:
        """Tokens of prompts evaluated since the model was loaded."""
        return sum(context.evaluated for context in self._contexts)

    @property
    def decoded_tokens(self) -> int:
        """Tokens evaluated one by one to write answers, since then."""
        return sum(context.appended for context in self._contexts)

    def warm_up(self, abort: AbortFlag) -> None:
        """Read a few tokens, and if that did not take long some more, whose time then counts."""
        context = self._short.context
        started = time.perf_counter()
        with self._team.placed():
            _try_out(context, COLD_TOKENS, abort)
            if time.perf_counter() - started < FIRST_BATCH_S:
                _try_out(context, WARM_TOKENS, abort)

    def prefill(self, prompt: Prompt | Chat, budget_s: float, abort: AbortFlag) -> Prefill:
        """Evaluate what is new in `prompt`, or in its end where that takes too long."""
        sequence, laid_out = self._whole, self.lay_out(prompt)
        tokens = laid_out.tokens
        self._left_out = []
        self._places.move(sequence, tokens)
        affordable = min(self._paces[self._awaited].affordable(budget_s), SHORT_TOKENS)
        if budget_s and len(tokens) - sequence.held(tokens) > affordable:
            if isinstance(prompt, Prompt):
                laid_out = self.lay_out(prompt, SHORT_SUFFIX_TOKENS)
            end = self._shortcut.end_of(laid_out, affordable, self._short)
            if len(end.tokens) < len(tokens):
                self._left_out, sequence, laid_out = tokens, self._short, end
                tokens = end.tokens
        self._read = sequence, laid_out
        held = sequence.held(tokens)
        with self._team.placed():
            evaluated = sequence.read(tokens, abort, laid_out.ahead)
        self._due = (sequence, laid_out) if isinstance(prompt, Prompt) else None
        return Prefill(held + evaluated, held)

    def lay_out(self, prompt: Prompt | Chat, suffix_room: int | None = None) -> Layout:
        """Return `prompt` as the tokens that the model reads.

        At most `suffix_room` of them come from behind the cursor. Raises ModelUnusable for a chat
        that the model does not follow or has no room for.
        """
        if suffix_room is None:
            suffix_room = self._room // SUFFIX_SHARE
        if isinstance(prompt, Chat):
            return self._lay_out_chat(prompt)
        bare = self._format.family in READ_WITHOUT_CLOSERS
        suffix = without_closers(prompt.suffix) if bare else prompt.suffix
        laid_out = layout(
            self._format,
            named(prompt.path, prompt.repository),
            self._prefixes(prompt.prefix),
            self._suffixes(suffix) if self._format.order != "prefix" else [],
            tokenize=self._llama.tokenize,
            pieces=self._vocabulary.pieces,
            room=self._room,
            suffix_room=suffix_room,
        )
        if laid_out.tokens and not self._llama.starts_with_token():
            return laid_out
        return laid_out.behind(self._llama.start_token())

    def decode(
        self, running: set[int], abort: AbortFlag, *, one_line: bool = True
    ) -> Iterator[Token]:
        """Yield greedy tokens; those that only repeat what was healed are not shown."""
        sequence, laid_out = self._read
        overweight = None if one_line else self._overweight
        return decode(self._ends, self._vocabulary, sequence, laid_out, running, abort, overweight)

    def expect(self, prompt: Prompt | Chat) -> None:
        """Do nothing yet."""
        self._due = self._whole, self.lay_out(prompt)

    @property
    def anticipates(self) -> bool:
        """Whether the last prompt ends in a word that was not read with it."""
        return self._due is not None and bool(self._due[1].ahead) and not self._due[1].tail

    def anticipate(self, abort: AbortFlag) -> None:
        """Read that word. Raises Aborted."""
        if (due := self._due) is not None:
            self._due = None
            due[0].anticipate([*due[1].tokens, *due[1].ahead], abort)

    @property
    def behind(self) -> bool:
        """Whether only the end of the last prompt was read."""
        return bool(self._left_out)

    def catch_up(self, abort: AbortFlag) -> None:
        """Read the last prompt whole. Raises Aborted."""
        left_out, self._left_out = self._left_out, []
        try:
            self._whole.read(left_out, abort)
        except Aborted:
            self._left_out = left_out
            raise

    def close(self) -> None:
        """Give the memory back."""
        for context in self._contexts:
            context.close()
        self._llama.close()

    def _tokenizers(self) -> tuple[Tokenizer, Tokenizer]:
        """Make those for what stands before the cursor and behind it."""
        plain, behind = self._llama.tokenize, self._llama.tokenize_behind
        pieces, splits_words = self._vocabulary.pieces, self._llama.splits_words
        return (
            Tokenizer(
                behind if self._format.continues_text else plain, pieces, splits_words=splits_words
            ),
            Tokenizer(behind, pieces, splits_words=splits_words),
        )

    def _of_ends(self) -> Overweight | None:
        weight, end = end_weight(self._llama), self._llama.end_token()
        return Overweight(end, weight) if weight > 1 and self._ends(end) else None

    def _ends(self, token: int) -> bool:
        return token in self._format.ends or self._llama.is_end(token)

    def _lay_out_chat(self, chat: Chat) -> Layout:
        if self._chat_format is None:
            raise ModelUnusable("This model does not follow instructions.")
        laid_out = lay_out_chat(
            self._chat_format,
            chat,
            token=self._llama.token,
            tokenize=self._llama.tokenize_turn,
            pieces=self._vocabulary.pieces,
        )
        if self._llama.starts_with_token():
            laid_out = laid_out.behind(self._llama.start_token())
        if len(laid_out.tokens) + len(laid_out.ahead) > self._room:
            raise ModelUnusable(f"That is more than the {self._room} tokens the model reads.")
        return laid_out


def _try_out(context: LlamaContext, tokens: int, abort: AbortFlag) -> None:
    """Read and write; only the pace learns of it. Raises Aborted."""
    try:
        context.evaluate([0] * tokens, position=0, sequence=0, abort=abort)
        context.append([(0, tokens, 0)], abort)
    finally:
        context.forget_from(0, 0)
        context.evaluated = context.appended = 0
