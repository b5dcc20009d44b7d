"""The whole way from a cursor to what is offered there."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from slm_lsp.completion.eligibility import gate, gate_by_syntax, least_confidence
from slm_lsp.completion.generate import generate
from slm_lsp.completion.in_flight import Running
from slm_lsp.completion.postprocess import tidy
from slm_lsp.completion.request import CompletionResult, Timings, prompt_for
from slm_lsp.completion.stop import stop_rule
from slm_lsp.inference.protocol import Generate, Priority, next_id
from slm_lsp.syntax.soundness import parses_little

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.completion.answers import Answers
    from slm_lsp.completion.generate import Draft, Generation
    from slm_lsp.completion.request import Request
    from slm_lsp.inference.protocol import Engine
    from slm_lsp.settings.schema import Settings
    from slm_lsp.text.document import Completion

PARSE_AFTER_S = 0.003
"""Seconds after a question until the tree that tidy needs is made, while the model works. Made at
once it would keep the processor that has just told the engine from letting it begin."""


async def complete(
    request: Request,
    settings: Settings,
    answers: Answers,
    engine: Engine,
    urgency: Priority = Priority.NOW,
) -> CompletionResult:
    """Answer `request`. Cancelling this cancels the model's work soon. Raises EngineError."""
    started = time.perf_counter()
    if reason := gate(request, settings):
        return _took(CompletionResult(dropped=reason), started)

    if (known := answers.cache.get(request)) is not None:
        return _took(known, started)

    if reason := gate_by_syntax(request, settings):
        return _took(CompletionResult(dropped=reason), started)

    prompt = prompt_for(request, settings)
    context_ms = (time.perf_counter() - started) * 1e3

    if (known := answers.cache.get(request, prompt)) is not None:
        return _took(known, started, context_ms)
    if await answers.joined(request, prompt, urgency) and (
        known := answers.cache.get(request, prompt)
    ):
        return _took(replace(known, cached=False, joined=True), started, context_ms)

    if urgency is not Priority.NOW and answers.running(request.document.uri):
        return CompletionResult(dropped="busy")  # with what somebody waits for

    number = next_id()
    running = Running(request, prompt, lambda rank: engine.rank(number, rank))
    answers.start(running, _answer(running, number, settings, answers, engine, urgency), urgency)
    outcome = await running.wait("", urgency)
    return _took(outcome or CompletionResult(dropped="superseded"), started, context_ms)


async def _answer(
    running: Running,
    number: int,
    settings: Settings,
    answers: Answers,
    engine: Engine,
    urgency: Priority,
) -> CompletionResult:
    """Let the model answer, make it presentable and remember it."""
    request = running.request
    stop = stop_rule(request, settings)
    question = Generate(
        number,
        request.document.uri,
        running.prompt,
        settings.completion.max_tokens,
        stop.strings,
        urgency,
        budget_ms=0 if request.invoked else settings.completion.budget_ms,
        min_confidence=least_confidence(request, settings),
        opener=stop.opener,
        branches=request.alternatives,
    )
    asyncio.get_running_loop().call_later(PARSE_AFTER_S, request.settled)
    generation = await generate(engine, question, stop, running.grow)
    if generation.ended:
        return CompletionResult(dropped=generation.ended, timings=_costs(generation))
    completions, dropped = await _tidied(request.settled(), generation.drafts)
    if not completions and any(draft.reason == "time" for draft in generation.drafts):
        return CompletionResult(
            dropped="no time", timings=_costs(generation)
        )  # there may be one later
    outcome = CompletionResult(completions, dropped, timings=_costs(generation))
    answers.cache.put(request, running.prompt, outcome)
    return outcome


async def _tidied(request: Request, drafts: Sequence[Draft]) -> tuple[tuple[Completion, ...], str]:
    """Do what `tidy` does: at once where it parses little, else in a thread."""
    if parses_little(request.document, request.syntax):
        return tidy(request, drafts)
    return await asyncio.to_thread(tidy, request, drafts)


def _costs(generation: Generation) -> Timings:
    prefilled = generation.prefilled
    if prefilled is None:
        return Timings()
    return Timings(
        queue_ms=prefilled.queue_ms,
        prefill_ms=prefilled.prefill_ms,
        decode_ms=generation.decode_ms,
        prompt_tokens=prefilled.prompt_tokens,
        cached_tokens=prefilled.cached_tokens,
        evaluated_tokens=prefilled.prompt_tokens - prefilled.cached_tokens,
        generated_tokens=generation.tokens,
        decoded_tokens=generation.decoded_tokens,
    )


def _took(outcome: CompletionResult, started: float, context_ms: float = 0.0) -> CompletionResult:
    total_ms = (time.perf_counter() - started) * 1e3
    return replace(outcome, timings=outcome.timings.with_total(total_ms, context_ms))
