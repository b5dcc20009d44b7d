"""Ways to complete a case: the bare model, the whole pipeline, and both with doubtful text cut."""

from __future__ import annotations

import math
import re
from contextlib import aclosing
from typing import TYPE_CHECKING
from unittest.mock import patch

import msgspec

from slm_lsp.completion.generate import generate
from slm_lsp.completion.stop import Stop
from slm_lsp.context.syntax import errors_added, parse
from slm_lsp.context.window import Budget, window
from slm_lsp.engine import fim
from slm_lsp.engine.protocol import Generate, Piece, next_id
from slm_lsp.evaluation.metrics import Result, judged
from slm_lsp.evaluation.run import evaluate
from slm_lsp.text import Completion, Span

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence

    from slm_lsp.completion.generate import Draft
    from slm_lsp.config import Settings
    from slm_lsp.engine.protocol import Engine, Event, Prompt, Urgency
    from slm_lsp.evaluation.cases import Case

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Joint probabilities tried."""

LINE = Stop(("\n",))

_PART_OF_WORD = re.compile(r"\w+\Z")


class Recorder:
    """An engine that remembers the tokens of the first branch of its last answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.pieces: list[Piece] = []

    async def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        """Pass `request` on and its answer back."""
        self.pieces = []
        async with aclosing(self._engine.generate(request)) as events:
            async for event in events:
                if isinstance(event, Piece) and event.branch == 0:
                    self.pieces.append(event)
                yield event

    def rank(self, number: int, urgency: Urgency) -> None:
        """Pass it on."""
        self._engine.rank(number, urgency)


async def all_variants(case: Case, settings: Settings, engine: Engine) -> dict[str, Result]:
    """Return what becomes of `case`, by the names of the variants. Raises EngineError.

    `raw-unhealed`, `raw`: what the model writes up to the end of the line, without and with token
    healing; whatever comes is shown. `pipeline`: the path that a key takes in the server;
    `pipeline-alone` is the same without definitions in other files.

    `raw-from-T`, `pipeline-from-T`: shown only if its joint probability is at least T. `raw-cut-T`,
    `pipeline-cut-T`: the longest start that has a joint probability of T or more and does not end
    inside a word, and from the pipeline also breaks no syntax; shown if there is one.
    """
    prompt = prompt_of(case, settings)
    with patch.object(fim, "healed", lambda tokens, _pieces: (list(tokens), b"")):
        unhealed = await written(engine, prompt, LINE, settings.completion.max_tokens)
    draft = await written(engine, prompt, LINE, settings.completion.max_tokens)
    recorder = Recorder(engine)
    pair = await with_and_without_definitions(case, settings, recorder)
    shown = pair["pipeline"]
    judge, sound = _Judge(case), _Soundness(case)
    raw = judge(draft.text, joint(draft.pieces))
    found = {"raw-unhealed": judge(unhealed.text, 1.0), "raw": raw, **pair}
    for threshold in THRESHOLDS:
        for name, whole, tokens in (
            ("raw", raw, draft.pieces),
            ("pipeline", shown, recorder.pieces),
        ):
            kept = whole.completion if (whole.confidence or 0.0) >= threshold else None
            found[f"{name}-from-{threshold}"] = judge(kept, whole.confidence)
            kept = next(
                (
                    start
                    for start in starts(whole.completion or "", tokens, threshold)
                    if name == "raw" or sound(start)
                ),
                None,
            )
            found[f"{name}-cut-{threshold}"] = judge(kept, threshold)
    return found


async def with_and_without_definitions(
    case: Case, settings: Settings, engine: Engine
) -> dict[str, Result]:
    """Return what becomes of `case` in `pipeline-alone` and, asked for last, `pipeline`."""
    return {
        "pipeline-alone": await evaluate(case, with_definitions(settings, 0), engine),
        "pipeline": await evaluate(case, settings, engine),
    }


def with_definitions(settings: Settings, tokens: int) -> Settings:
    """Return `settings` with a budget of so many tokens for definitions in other files."""
    context = msgspec.structs.replace(settings.context, definition_tokens=tokens)
    return msgspec.structs.replace(settings, context=context)


def starts(text: str, pieces: Sequence[Piece], threshold: float) -> Iterator[str]:
    """Yield the starts of `text`, longest first, that are as likely as `threshold` or more.

    `pieces` are the tokens that `text` was made of. The starts end with a token, less the part of a
    word that goes on in the next one.
    """
    ends, total, end = [], 0.0, 0
    for piece in pieces:
        total += piece.logprob
        end += len(piece.text)
        if math.exp(total) < threshold:
            break
        ends.append(min(end, len(text)))
    for end in dict.fromkeys(reversed(ends)):
        kept = text[:end]
        if re.match(r"\w", text[end:]):
            kept = _PART_OF_WORD.sub("", kept)
        if kept.strip():
            yield kept


def joint(pieces: Sequence[Piece]) -> float:
    """Return the joint probability of the tokens."""
    return math.exp(sum(piece.logprob for piece in pieces))


class _Soundness:
    """Tells, once for each text, whether it breaks syntax that was sound in a case."""

    def __init__(self, case: Case) -> None:
        self._document = case.document()
        self._syntax = parse(self._document)
        self._span = Span.at(self._document.clamp(case.cursor))
        self._known: dict[str, bool] = {}

    def __call__(self, text: str) -> bool:
        if text not in self._known:
            completion = Completion(text.rstrip(), self._span, 1.0)
            self._known[text] = errors_added(self._document, self._syntax, completion) == 0
        return self._known[text]


class _Judge:
    """Judges each completion of a case once: most variants offer the same."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._known: dict[str, Result] = {}

    def __call__(self, completion: str | None, confidence: float | None) -> Result:
        text = (completion or "").rstrip()
        if text not in self._known:
            self._known[text] = judged(
                self._case,
                text or None,
                confidence=confidence,
                dropped="",
                latency_ms=0.0,
                asked=False,
            )
        return self._known[text]


def prompt_of(case: Case, settings: Settings) -> Prompt:
    """Return what the model reads of `case`, without definitions in other files."""
    document = case.document()
    budget = Budget(settings.context.prefix_tokens, settings.context.suffix_tokens)
    return window(document, parse(document), document.clamp(case.cursor), budget)


async def written(engine: Engine, prompt: Prompt, stop: Stop, longest: int) -> Draft:
    """Return what the model writes after `prompt` until `stop`, `longest` tokens at most.

    Raises EngineError.
    """
    request = Generate(next_id(), "quality:///", prompt, longest, stop.strings)
    generation = await generate(engine, request, stop, lambda _text: None)
    return generation.drafts[0]
