"""Completions from the engine, streamed until the stop rule, the model or a limit ends them."""

from __future__ import annotations

import math
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.protocol import (
    BranchFinished,
    Prefilled,
    RequestFinished,
    Token,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from slm_lsp.completion.stop import Stop
    from slm_lsp.inference.protocol import Engine, Generate


@dataclass
class Draft:
    """One branch as it grows. `reason` is empty as long as it does."""

    pieces: list[Token] = field(default_factory=list)
    text: str = ""
    reason: str = ""

    @property
    def cut(self) -> bool:
        """Whether it was ended for its length, perhaps in the midst of a word."""
        return self.reason == "length"

    @property
    def unfinished(self) -> bool:
        """Whether it was ended in the midst of anything: in doubt, late or for its length."""
        return self.reason in ("doubt", "time", "length")

    def confidence(self, length: int) -> float:
        """Return the joint probability of the tokens of the text's first `length` code points."""
        total, at = 0.0, 0
        for piece in self.pieces:
            if at >= length:
                break
            total += piece.logprob
            at += len(piece.text)
        return math.exp(total)

    def add(self, piece: Token, stop: Stop) -> None:
        """Take one more token, unless the text is complete."""
        if self.reason:
            return
        self.pieces.append(piece)
        self.text += piece.text
        if (end := stop.end(self.text)) is not None:
            self.end(end, "stop")

    def end(self, kept: int, reason: str) -> None:
        """Keep the first `kept` code points; nothing is added any more."""
        if not self.reason:
            self.text, self.reason = self.text[:kept], reason


@dataclass(frozen=True, slots=True)
class Generation:
    """What the model wrote, and what it cost. `ended` is why it is void, if it is."""

    drafts: tuple[Draft, ...]
    prefilled: Prefilled | None
    decode_ms: float
    decoded_tokens: int
    ended: str = ""

    @property
    def tokens(self) -> int:
        """How many tokens were generated."""
        return sum(len(draft.pieces) for draft in self.drafts)


async def generate(
    engine: Engine, request: Generate, stop: Stop, grown: Callable[[str], None]
) -> Generation:
    """Let the engine answer `request`; cancelling this cancels it there. Raises EngineError.

    `grown` hears the text of the first branch whenever there is more of it.
    """
    drafts = [Draft() for _ in range(request.branches)]
    prefilled, started, finished = None, time.perf_counter(), None
    async with aclosing(engine.generate(request)) as events:
        async for event in events:
            match event:
                case Prefilled():
                    drafts = [Draft() for _ in drafts]
                    prefilled, started = event, time.perf_counter()
                case Token():
                    drafts[event.branch].add(event, stop)
                    if event.branch == 0:
                        grown(drafts[0].text)
                    if all(draft.reason for draft in drafts):
                        break
                case BranchFinished():
                    drafts[event.branch].end(event.kept, event.reason)
                case RequestFinished(reason="failed"):
                    raise ModelUnusable(event.detail)
                case RequestFinished():
                    finished = event
    decode_ms = finished.decode_ms if finished else (time.perf_counter() - started) * 1e3
    decoded = finished.decoded_tokens if finished else sum(len(it.pieces) for it in drafts)
    ended = finished.reason if finished and finished.reason != "done" else ""
    return Generation(tuple(drafts), prefilled, decode_ms, decoded, ended)
