"""Completing a case through the path that a key takes in the server."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.completion.answers import Answers
from slm_lsp.completion.complete import complete
from slm_lsp.completion.request import Request
from slm_lsp.evaluation.metrics import judged
from slm_lsp.index.database import database_path
from slm_lsp.index.definitions import definition_lines
from slm_lsp.inference.protocol import next_id
from slm_lsp.syntax.syntax import Syntax, parse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from slm_lsp.evaluation.cases import Case
    from slm_lsp.evaluation.metrics import Result
    from slm_lsp.inference.protocol import (
        Engine,
        Event,
        Generate,
        Priority,
    )
    from slm_lsp.settings.schema import Settings
    from slm_lsp.text.document import Completion, Cursor, Document


class Patient:
    """An engine that reads the whole of each prompt before it is asked, and sets no time limit.

    What belongs in a hole would otherwise be answered from less text on a slow machine, because a
    cursor that jumps from file to file finds nothing read. `reading_ms` is what that took so far.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.reading_ms = 0.0

    async def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        """Yield the answer to `request`, to which any time is given."""
        started = time.perf_counter()
        unlimited = msgspec.structs.replace(request, budget_ms=0.0)
        reading = msgspec.structs.replace(unlimited, id=next_id(), max_tokens=0)
        async with aclosing(self._engine.generate(reading)) as events:
            async for _ in events:
                pass
        self.reading_ms += (time.perf_counter() - started) * 1e3
        async with aclosing(self._engine.generate(unlimited)) as events:
            async for event in events:
                yield event

    def rank(self, number: int, urgency: Priority) -> None:
        """Change how urgent a request is."""
        self._engine.rank(number, urgency)


async def evaluate(
    case: Case, settings: Settings, engine: Engine, *, invoked: bool | None = None
) -> Result:
    """Complete `case` and judge what is offered. Raises StoreError or EngineError.

    Definitions in other files come from the index of the case's workspace, if there is one.
    `invoked` tells whether the user asks for the completion; None means that the user does where
    the settings offer nothing unasked.
    """
    document = case.document()
    syntax = parse(document)
    cursor = document.clamp(case.cursor)
    if invoked is None:
        invoked = settings.completion.trigger == "manual"
    patient = Patient(engine)
    found = await asyncio.to_thread(definitions_of, case, syntax, settings)
    request = Request(document, syntax, cursor, invoked=invoked, definitions=found)
    outcome = await complete(request, settings, Answers(), patient)
    best = outcome.completions[0] if outcome.completions else None
    return judged(
        case,
        _inserted(document, cursor, best) if best else None,
        confidence=best.confidence if best else None,
        dropped=outcome.dropped,
        latency_ms=outcome.timings.total_ms - patient.reading_ms,
        asked=patient.reading_ms > 0,
    )


def definitions_of(case: Case, syntax: Syntax | None, settings: Settings) -> str:
    """Return the lines from other files that the model reads for `case`."""
    tokens = settings.context.definition_tokens
    if not case.workspace or not tokens or syntax is None:
        return ""
    database = database_path(Path(case.workspace).resolve())
    return definition_lines(database, syntax.document, syntax, case.cursor, tokens)


def _inserted(document: Document, cursor: Cursor, completion: Completion) -> str:
    """Return the text of `completion` without what it repeats around the cursor in its span."""
    start, end = completion.span.start, completion.span.end
    before = document.before(cursor)[start.column :]
    after = document.after(cursor)[: end.column - cursor.column]
    return completion.text.removeprefix(before).removesuffix(after)
