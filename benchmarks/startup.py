"""How soon a server is there: from starting its process to the first answers.

Each round starts a new server with a new engine of its own on the default model, opens a real file
and asks for ghost text at once. The files' pages are in memory (a warm disk) after the first round,
which is not counted.

| figure | from starting the server |
|---|---|
| `initialize_p50_ms`, `_p95_ms` | to the answer to `initialize`; the model is not loaded by then |
| `first_ghost_p50_ms`, `_p95_ms` | to the first ghost text, with a full window read |
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import sys
import time

from benchmarks.report import command_line, percentile, publish
from tests.harness.client import Client
from tests.harness.editor import Editor
from tests.harness.world import World, initialize

ROUNDS, QUICK_ROUNDS = 21, 6
WITHIN_S = 60.0
"""Seconds after which a round counts as hung."""


async def measure_round() -> dict[str, float]:
    """Return the milliseconds of one round."""
    world = World(real_store=True)
    source = inspect.getsource(argparse)
    caret = source.index("self.dest = dest", len(source) // 4) + len("self.")
    started = time.perf_counter()
    client = await Client.start(world.env, "serve", "--stdio", cwd=world.project)
    try:
        await initialize(client)
        initialize_ms = (time.perf_counter() - started) * 1e3
        editor = Editor(client, source[:caret], caret=caret)
        ghost = await editor.items(within=WITHIN_S)
        first_ghost_ms = (time.perf_counter() - started) * 1e3
        await client.stop()
    finally:
        await client.close()
        world.close()
    return {
        "initialize_ms": initialize_ms,
        "first_ghost_ms": first_ghost_ms,
        "items": len(ghost),
    }


async def measure(rounds: int) -> list[dict[str, float]]:
    """Return the rounds after the first."""
    return [await measure_round() for _ in range(rounds)][1:]


def main() -> int:
    """Run the benchmark."""
    parser = command_line("benchmarks.startup", __doc__, "fewer rounds, under 50 seconds")
    options = parser.parse_args()
    rows = asyncio.run(measure(QUICK_ROUNDS if options.quick else ROUNDS))
    figures = {
        f"{name}_p{rank}_ms": percentile([row[f"{name}_ms"] for row in rows], rank)
        for name in ("initialize", "first_ghost")
        for rank in (50, 95)
    }
    publish("benchmarks.startup", figures, rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
