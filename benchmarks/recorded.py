"""A model whose answers are kept on disk, so that the path behind the model can be measured alone.

An answer depends on the weights and on the prompt as the model reads it, and on nothing that the
server does with it. So the first run writes down each token with its probability, and a later one
with another gate, stop rule, threshold or check replays them: the model is loaded only for prompts
that it has not answered, or not far enough. What is replayed is all that the rest of the path sees,
token by token.

The answers lie in `~/.cache/slm-lsp/evaluation/answers.sqlite`, by a checksum of the model, of the
prompt as tokens and of what else decides about them. To delete that file forgets them.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from benchmarks.evaluation_set import case_file
from slm_lsp.inference.client.launch import options_for
from slm_lsp.inference.model import AbortFlag, Prefill, Token
from slm_lsp.inference.worker.loading import load_model
from slm_lsp.inference.worker.model_thread import Background
from slm_lsp.inference.worker.scheduler import Scheduler
from slm_lsp.models.runtime import CALM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from slm_lsp.inference.llama.model import LlamaModel
    from slm_lsp.inference.protocol import Chat, Prompt
    from slm_lsp.settings.schema import Settings


class Recording(msgspec.Struct):
    """The tokens of one answer so far. `ended`: the model ended it itself."""

    tokens: list[tuple[str, float]] = []
    ended: bool = False


class Recordings:
    """Answers by the name of what was asked, on disk."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path, check_same_thread=False, timeout=60)
        self._database.execute("CREATE TABLE IF NOT EXISTS answers (name TEXT PRIMARY KEY, answer)")

    def get(self, name: str) -> Recording:
        """Return the answer called `name`, as far as it is known."""
        found = self._database.execute("SELECT answer FROM answers WHERE name = ?", (name,))
        row = found.fetchone()
        return Recording() if row is None else msgspec.msgpack.decode(row[0], type=Recording)

    def put(self, name: str, recording: Recording) -> None:
        """Keep an answer, in place of what was known of it."""
        with self._database:
            answer = msgspec.msgpack.encode(recording)
            self._database.execute("REPLACE INTO answers VALUES (?, ?)", (name, answer))

    def close(self) -> None:
        """Close the file."""
        self._database.close()


class RecordedModel:
    """Implements `Model`: replays the answers of `weights`, and writes down those that are new.

    Only what one branch says is kept.
    """

    def __init__(self, weights: LlamaModel, checksum: str, recordings: Recordings) -> None:
        self.weights, self._checksum, self._recordings = weights, checksum, recordings
        self._prompt: Prompt | Chat | None = None
        self.awaited = True
        self.answered = 0
        """Answers that the model itself had to give."""

    chats = property(lambda self: self.weights.chats)
    placement = property(lambda self: self.weights.placement)
    evaluated_tokens = property(lambda self: self.weights.evaluated_tokens)
    decoded_tokens = property(lambda self: self.weights.decoded_tokens)
    anticipates = behind = False

    def warm_up(self, abort: AbortFlag) -> None:
        """Do nothing: time is not what is measured."""

    def prefill(self, prompt: Prompt | Chat, budget_s: float, abort: AbortFlag) -> Prefill:
        """Take note of `prompt`; the model reads it once it is needed."""
        del budget_s, abort  # nothing is read yet
        self._prompt = prompt
        return Prefill(0, 0)

    def decode(
        self, running: set[int], abort: AbortFlag, *, one_line: bool = True
    ) -> Iterator[Token]:
        """Yield the answer: what is known of it, then what the model adds to that."""
        assert self._prompt is not None
        if len(running) > 1:
            yield from self._answer(running, abort, one_line=one_line)
            return
        name = self._name(one_line=one_line)
        recording = self._recordings.get(name)
        for text, logprob in recording.tokens:
            if not running:
                return
            yield Token(text, logprob)
        if recording.ended:
            running.clear()
        if running:
            known = len(recording.tokens)
            yield from self._recorded(name, known, running, abort, one_line=one_line)

    def _recorded(
        self, name: str, known: int, running: set[int], abort: AbortFlag, *, one_line: bool
    ) -> Iterator[Token]:
        recording, inside = Recording(), {0}
        for token in self._answer(inside, abort, one_line=one_line):
            recording.tokens.append((token.text, token.logprob))
            if len(recording.tokens) > known:
                yield token
            if not running:
                break
        else:
            recording.ended = True
            running.clear()
        self._recordings.put(name, recording)

    def _answer(self, running: set[int], abort: AbortFlag, *, one_line: bool) -> Iterator[Token]:
        assert self._prompt is not None
        self.answered += 1
        self.weights.prefill(self._prompt, 0.0, abort)
        yield from self.weights.decode(running, abort, one_line=one_line)

    def _name(self, *, one_line: bool) -> str:
        assert self._prompt is not None
        laid_out = self.weights.lay_out(self._prompt)
        asked = (self._checksum, laid_out.tokens, laid_out.forced, one_line)
        return hashlib.sha256(msgspec.msgpack.encode(asked)).hexdigest()

    def expect(self, prompt: Prompt | Chat) -> None:
        """Do nothing."""

    def anticipate(self, abort: AbortFlag) -> None:
        """Do nothing."""

    def catch_up(self, abort: AbortFlag) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Give the memory back."""
        self.weights.close()
        self._recordings.close()


@asynccontextmanager
async def recorded_engine(settings: Settings) -> AsyncIterator[tuple[Scheduler, RecordedModel]]:
    """Yield an engine with the model of `settings` in this process, and its model."""
    from slm_lsp.inference.llama.model import LlamaModel

    for name, value in CALM.items():
        os.environ.setdefault(name, value)
    abort, options = AbortFlag(), options_for(settings)
    weights = load_model(options, abort)
    assert isinstance(weights, LlamaModel)
    path = case_file("tune").with_name("answers.sqlite")
    model = RecordedModel(weights, options.sha256, Recordings(str(path)))
    engine = Scheduler(model, abort, Background(share=0))
    try:
        yield engine, model
    finally:
        await engine.close()
