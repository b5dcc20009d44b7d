"""One completion from the engine, streamed until the stop rule, the model or a limit ends it."""

from __future__ import annotations

import math
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.engine.protocol import Finished, Generate, Piece, Prefilled
from slm_lsp.errors import ModelUnusable

if TYPE_CHECKING:
    from slm_lsp.completion.stop import Stop
    from slm_lsp.engine.protocol import Engine, Prompt


@dataclass(frozen=True, slots=True)
class Generation:
    """Raw text with what it cost. `interrupted` tells that it is not to be shown: see `reason`."""

    pieces: tuple[Piece, ...]
    text: str
    reason: str
    prefilled: Prefilled | None
    decode_ms: float

    @property
    def interrupted(self) -> bool:
        """Whether the engine was told to stop before the text was complete."""
        return self.reason in ("cancelled", "superseded")

    def confidence(self, length: int) -> float:
        """Return the joint probability of the tokens of the text's first `length` code points."""
        total, at = 0.0, 0
        for piece in self.pieces:
            if at >= length:
                break
            total += piece.logprob
            at += len(piece.text)
        return math.exp(total)


async def generate(
    engine: Engine, uri: str, prompt: Prompt, stop: Stop, max_tokens: int
) -> Generation:
    """Let the engine continue `prompt`; cancelling this cancels it there. Raises EngineError."""
    request = Generate(0, uri, prompt, max_tokens, stop.strings)
    pieces: list[Piece] = []
    text, reason, prefilled = "", "stop", None
    started = time.perf_counter()
    async with aclosing(engine.generate(request)) as events:
        async for event in events:
            match event:
                case Prefilled():
                    prefilled, started = event, time.perf_counter()
                case Piece():
                    pieces.append(event)
                    text += event.text
                    if (end := stop.end(text)) is not None:
                        text = text[:end]
                        break
                case Finished(reason="failed"):
                    raise ModelUnusable(event.detail)
                case Finished():
                    reason = event.reason
    decode_ms = (time.perf_counter() - started) * 1e3
    return Generation(tuple(pieces), text, reason, prefilled, decode_ms)
