"""What a second editor window costs, and whether eight of them get the same from one engine.

First one server is started, then another; both type a little. Then eight servers, each with a
typist as `benchmarks.typist` describes, who does not wait for answers except at one key in eight.
All eight type the same stretch of the same file, so all want the same of the model, but each file
names its things differently, so none finds the work of another done. They begin a moment apart.

| figure | meaning |
|---|---|
| `second_server_mb` | resident memory of the second server's process |
| `engine_growth_mb` | how much the engine's resident memory grew by serving it |
| `second_window_mb` | both together |
| `unanswered` | requests of the eight without any answer |
| `model_answers_min`, `_max` | answers of the model by client |
| `model_ms_deviation` | largest distance of a client's model time from the mean, over the mean |
| `answers_deviation` | the same of the answers of the model |
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import sys
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks import patient, typist
from benchmarks.replay import SEED, Session
from benchmarks.report import Figures, command_line, mean, publish
from tests.harness.client import Client
from tests.harness.editor import Editor
from tests.harness.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = ("action", "effect", "object", "member", "option", "choice", "record", "detail")
"""What each client calls the thing that its file is about; all of one length: same places."""

KEYS = 400
TYPING_S, QUICK_TYPING_S = 120.0, 20.0
APART_S = 0.37
"""Seconds between the beginnings of two typists."""

WARMING_KEYS = 12


def file_of(name: str) -> tuple[str, typist.Stretch]:
    """Return the text of the client `name`, and what is typed in it."""
    text = inspect.getsource(argparse)
    [hole] = typist.stretches(text, 1, KEYS, SEED)
    return text.replace("action", name), hole


async def measure(world: World, typing_s: float) -> tuple[Figures, list[dict[str, Any]]]:
    """Return figures and rows."""
    async with AsyncExitStack() as stack:
        clients = [await _start(world, stack)]
        await _warm(world, clients[0], "first")
        engine = psutil.Process(await world.engine_pid())
        before = engine.memory_info().rss
        clients.append(await _start(world, stack))
        await _warm(world, clients[1], "second")
        growth = engine.memory_info().rss - before
        second = psutil.Process(clients[1].process.pid).memory_info().rss
        clients += [await _start(world, stack) for _ in NAMES[2:]]
        sessions = await _type_all(world, clients, typing_s)
        for client in clients:
            await client.stop()
    memory = {
        "second_server_mb": second / 1e6,
        "engine_growth_mb": growth / 1e6,
        "second_window_mb": (second + growth) / 1e6,
    }
    shares = [share(session, name) for session, name in zip(sessions, NAMES, strict=True)]
    return {**memory, **fairness(shares)}, shares


async def _start(world: World, stack: AsyncExitStack) -> Client:
    client = await Client.start(world.env, "serve", "--stdio", cwd=world.project)
    stack.push_async_callback(client.close)
    await patient.prepare(client)
    return client


async def _warm(world: World, client: Client, name: str) -> None:
    """Type a little, so that everything a server needs is loaded."""
    text, hole = file_of(name)
    editor = _editor(world, client, text, hole, name)
    target = text[hole.start : hole.start + WARMING_KEYS]
    await patient.type_waiting(editor, target, time.perf_counter() + patient.WITHIN_S)
    editor.close()
    client.inbox.take("slm-lsp/timings")


async def _type_all(world: World, clients: Sequence[Client], typing_s: float) -> list[Session]:
    sessions, typing = [], []
    until = time.perf_counter() + typing_s
    for number, (client, name) in enumerate(zip(clients, NAMES, strict=True)):
        text, hole = file_of(name)
        session = Session(world, _editor(world, client, text, hole, name), ())
        target = text[hole.start : hole.end]
        sessions.append(session)
        typing.append(_type(session, target, number * APART_S, until))
    await asyncio.gather(*typing)
    await asyncio.gather(*(session.finish() for session in sessions))
    return sessions


async def _type(session: Session, target: str, after_s: float, until: float) -> None:
    await asyncio.sleep(after_s)
    await session.type_stretch(target, until)


def _editor(world: World, client: Client, text: str, hole: typist.Stretch, name: str) -> Editor:
    uri = (world.project / f"{name}.py").as_uri()
    return Editor(client, typist.without(text, [hole]), caret=hole.start, uri=uri)


def share(session: Session, name: str) -> dict[str, Any]:
    """Return what one client got."""
    asked = [press for press in session.presses if press.from_model and press.report]
    return {
        "client": name,
        "requests": len(session.presses),
        "replaced": sum(press.outcome == "replaced" for press in session.presses),
        "unanswered": sum(press.outcome == "unanswered" for press in session.presses),
        "model_answers": len(asked),
        "model_ms": sum(
            press.report["timings"]["prefill_ms"] + press.report["timings"]["decode_ms"]
            for press in asked
            if press.report
        ),
    }


def fairness(shares: Sequence[dict[str, Any]]) -> Figures:
    """Return the figures about the clients' `shares`."""
    answers = [one["model_answers"] for one in shares]
    return {
        "unanswered": sum(one["unanswered"] for one in shares),
        "model_answers_min": min(answers),
        "model_answers_max": max(answers),
        "model_ms_deviation": _deviation([one["model_ms"] for one in shares]),
        "answers_deviation": _deviation(answers),
    }


def _deviation(values: Sequence[float]) -> float | None:
    middle = mean(values)
    return max(abs(one - middle) for one in values) / middle if middle else None


def main() -> int:
    """Parse the command line, measure, report."""
    parser = command_line("benchmarks.sharing", __doc__, "shorter, at most 50 seconds")
    options = parser.parse_args()
    world = World(real_store=True)
    try:
        typing_s = QUICK_TYPING_S if options.quick else TYPING_S
        measured, rows = asyncio.run(measure(world, typing_s))
    finally:
        world.close()
    publish("benchmarks.sharing", measured, rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
