"""The whole way from a cursor to what is offered there."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from slm_lsp.completion.gate import gate
from slm_lsp.completion.generate import generate
from slm_lsp.completion.request import Outcome, Timings
from slm_lsp.completion.stop import stop_rule
from slm_lsp.completion.tidy import tidy
from slm_lsp.context.window import Budget, window

if TYPE_CHECKING:
    from slm_lsp.completion.cache import Cache
    from slm_lsp.completion.generate import Generation
    from slm_lsp.completion.request import Request
    from slm_lsp.config import Settings
    from slm_lsp.engine.protocol import Engine


async def complete(request: Request, settings: Settings, cache: Cache, engine: Engine) -> Outcome:
    """Answer `request`. Cancelling this coroutine cancels the model's work. Raises EngineError."""
    started = time.perf_counter()
    if reason := gate(request, settings):
        return _timed(Outcome(dropped=reason), started)

    budget = Budget(settings.context.prefix_tokens, settings.context.suffix_tokens)
    prompt = window(request.document, request.syntax, request.cursor, budget)
    context_ms = (time.perf_counter() - started) * 1e3

    if (known := cache.get(request, prompt)) is not None:
        completion, dropped = known
        offered = (completion,) if completion else ()
        return _timed(Outcome(offered, dropped, cached=True), started, context_ms)

    stop = stop_rule(request, settings)
    generation = await generate(
        engine, request.document.uri, prompt, stop, settings.completion.max_tokens
    )
    if generation.interrupted:
        return _timed(Outcome(dropped=generation.reason), started, context_ms, generation)

    # In a thread, because it parses: some milliseconds in ordinary files, more in huge ones.
    completion, dropped = await asyncio.to_thread(tidy, request, generation)
    cache.put(request, prompt, completion, dropped)
    offered = (completion,) if completion else ()
    return _timed(Outcome(offered, dropped), started, context_ms, generation)


def _timed(
    outcome: Outcome, started: float, context_ms: float = 0.0, generation: Generation | None = None
) -> Outcome:
    total_ms = (time.perf_counter() - started) * 1e3
    timings = Timings(total_ms=total_ms, context_ms=context_ms)
    if generation is not None and (prefilled := generation.prefilled) is not None:
        timings = Timings(
            total_ms=total_ms,
            context_ms=context_ms,
            queue_ms=prefilled.queue_ms,
            prefill_ms=prefilled.prefill_ms,
            decode_ms=generation.decode_ms,
            prompt_tokens=prefilled.prompt_tokens,
            cached_tokens=prefilled.cached_tokens,
            evaluated_tokens=prefilled.prompt_tokens - prefilled.cached_tokens,
            generated_tokens=len(generation.pieces),
        )
    return replace(outcome, timings=timings)
