"""The engine asked directly, without a language server: its speeds, and how soon it is free again.

Everything goes through `EngineClient`, so the way over the socket is in every time.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import itertools
import random
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.inference.protocol import (
    Generate,
    Prefilled,
    Prompt,
    RequestFinished,
    next_id,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from slm_lsp.inference.protocol import Engine

CHARACTERS_PER_TOKEN = 3.7
"""Of Python, with the default model's tokenizer: only how long prompts come out depends on it."""

SPEED_TOKENS = 64
"""Generated in a row to time one."""

CANCEL_CHARACTERS, CANCEL_TOKENS = 450, 24
"""The request that is cancelled: some 120 tokens read, and then about as long a time of writing."""

SHORT = Prompt("b.py", "python", "def add(a, b):\n    return", "")
"""The request that follows it."""

_SOURCE = inspect.getsource(argparse)


@dataclass(frozen=True)
class Speed:
    """One long request: `evaluated` tokens read in `prefill_ms`, then some written.

    `decode_ms` is the mean time of a token, behind `depth` others. It was `asked` then
    (`time.perf_counter`).
    """

    asked: float
    evaluated: int
    cached: int
    prefill_ms: float
    decode_ms: float
    depth: int


@dataclass(frozen=True)
class Freed:
    """One interruption in `phase`: milliseconds until the engine began with the next request."""

    way: str
    phase: str
    free_ms: float


def prompts(characters: int, seed: int) -> Iterator[Prompt]:
    """Yield prompts of about `characters`, of which no two begin alike: nothing is cached."""
    rng = random.Random(seed)
    for number in itertools.count():
        at = rng.randrange(len(_SOURCE) - characters)
        start = _SOURCE.index("\n", at - characters if at > characters else at) + 1
        text = _SOURCE[start : start + characters].rpartition("\n")[0]
        name = f"{rng.getrandbits(64):x}"
        yield Prompt("a.py", "python", f"# {name}, part {number}\n{text}\n    def ", "")


async def speeds(
    engine: Engine, tokens: int, count: int, around: Callable[[], Awaitable[None]]
) -> list[Speed]:
    """Let the engine read `count` new prompts of about `tokens` and write after each.

    Does what is to be done `around` each: before the first, between two and after the last.
    """
    some = prompts(int(tokens * CHARACTERS_PER_TOKEN), seed=tokens)
    found = []
    await around()
    for _ in range(count):
        found.append(await _speed(engine, next(some)))
        await around()
    return found


async def _speed(engine: Engine, prompt: Prompt) -> Speed:
    asked = time.perf_counter()
    prefilled, finished = await _measured(
        engine, Generate(next_id(), "speed", prompt, SPEED_TOKENS)
    )
    return Speed(
        asked,
        prefilled.prompt_tokens - prefilled.cached_tokens,
        prefilled.cached_tokens,
        prefilled.prefill_ms,
        finished.decode_ms / finished.decoded_tokens,
        prefilled.prompt_tokens + finished.decoded_tokens // 2,
    )


async def _measured(engine: Engine, request: Generate) -> tuple[Prefilled, RequestFinished]:
    """Return how a request went."""
    prefilled: Prefilled | None = None
    async with aclosing(engine.generate(request)) as events:
        async for event in events:
            match event:
                case Prefilled():
                    prefilled = event
                case RequestFinished() if prefilled is not None:
                    return prefilled, event
    raise SystemExit("The engine did not answer.")


async def cancels(engine: Engine, count: int, until: float, seed: int) -> list[Freed]:
    """Interrupt up to `count` requests at random moments, every other one by replacing it.

    Leaves early when the clock (`time.perf_counter`) passes `until`. A request that ended before
    its moment came is not counted.
    """
    rng = random.Random(seed)
    some = prompts(CANCEL_CHARACTERS, seed)
    whole_s = await _seconds(lambda: _spend(engine, "a", next(some)))
    found: list[Freed] = []
    while len(found) < count and time.perf_counter() < until:
        way = ("cancelled", "replaced")[len(found) % 2]
        freed = await _interrupt(engine, next(some), way, rng.uniform(0, whole_s))
        found += [freed] if freed else []
    return found


async def _interrupt(engine: Engine, prompt: Prompt, way: str, after_s: float) -> Freed | None:
    heard: list[object] = []
    task = asyncio.create_task(_spend(engine, "a", prompt, heard))
    await asyncio.wait([task], timeout=after_s)
    if task.done():
        return None
    phase = "decode" if any(isinstance(event, Prefilled) for event in heard) else "prefill"
    interrupted = time.perf_counter()
    if way == "cancelled":
        task.cancel()
        await asyncio.wait([task])  # says so to the engine and does not wait for its answer
    request = Generate(next_id(), "b" if way == "cancelled" else "a", SHORT, 1)
    prefilled, finished = await _measured(engine, request)
    answered_ms = (time.perf_counter() - interrupted) * 1e3
    free_ms = answered_ms - prefilled.prefill_ms - finished.decode_ms
    await asyncio.wait([task])
    return Freed(way, phase, free_ms)


async def _spend(
    engine: Engine, document: str, prompt: Prompt, heard: list[object] | None = None
) -> None:
    request = Generate(next_id(), document, prompt, CANCEL_TOKENS)
    async with aclosing(engine.generate(request)) as events:
        async for event in events:
            if heard is not None:
                heard.append(event)
            if isinstance(event, RequestFinished) and event.reason == "failed":
                raise SystemExit(f"The engine failed: {event.detail}")


async def _seconds(work: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started
