"""What a keystroke costs in files of 100 to 50,000 lines.

The same function is typed in the middle of each file, key by key, and each key waits for its
answer; around it lie modules of the standard library. The cost should be the same in all of them:
the window has one size everywhere, and nothing the server does at a key may grow with the file.

| figure, for each number of lines | over all keys but the first, with the model or without |
|---|---|
| `evaluated_tokens_per_key_mean_…` | prompt tokens that the KV cache did not hold |
| `server_p50_ms_…`, `server_p95_ms_…` | from the edit to the answer, without the model's part |
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import sys
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import patient, typist
from benchmarks.limit import Answer
from benchmarks.report import Figures, command_line, mean, percentile, publish
from benchmarks.typist import Stretch
from tests.harness.client import Client
from tests.harness.editor import Editor
from tests.harness.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

LINES = (100, 1_000, 10_000, 50_000)
KEYS, QUICK_KEYS = 150, 12

SETTLING_S = 2.0
"""Seconds to parse a file that was just opened; 50,000 lines take less."""


def file_of(lines: int, keys: int) -> tuple[str, Stretch]:
    """Return a text of about `lines` lines, and what is typed in it: about `keys` characters."""
    body = inspect.getsource(argparse.ArgumentParser.parse_known_args)
    filler = _standard_library(max(0, lines - body.count("\n")))
    half = len(filler) // 2
    above = "".join(filler[:half]) + "\n\nclass Parser:\n"
    start = len(above) + body.index("if args is None")
    text = above + body + "\n\n" + "".join(filler[half:])
    end = start
    while end - start < keys:
        end += len(typist.key_at(text, end))
    return text, Stretch(start, text.index("\n", end))


def _standard_library(lines: int) -> list[str]:
    found: list[str] = []
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        if len(found) >= lines:
            break
        found += path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    return found[:lines]


async def measure(world: World, keys: int) -> dict[int, list[Answer]]:
    """Return the answers at every key but the first, by the number of lines."""
    client = await Client.start(world.env, "serve", "--stdio", cwd=world.project)
    try:
        await patient.prepare(client)
        found = {lines: await _typed(world, client, lines, keys) for lines in LINES}
        await client.stop()
        return found
    finally:
        await client.close()


async def _typed(world: World, client: Client, lines: int, keys: int) -> list[Answer]:
    text, hole = file_of(lines, keys)
    uri = (world.project / f"lines{lines}.py").as_uri()
    editor = Editor(client, typist.without(text, [hole]), caret=hole.start, uri=uri)
    await editor.items(within=patient.WITHIN_S)
    await asyncio.sleep(SETTLING_S)
    target = text[hole.start : hole.end]
    presses = await patient.type_waiting(editor, target, time.perf_counter() + 600)
    editor.close()
    return [
        Answer(ms, jumped=False, timings=press.report["timings"])
        for press in presses[1:]
        if (ms := press.ghost_ms) is not None and press.report is not None
    ]


def figures(found: dict[int, list[Answer]]) -> Figures:
    """Return the figures that the module's docstring explains."""
    table: Figures = {}
    for lines, answers in found.items():
        evaluated = [one.timings["evaluated_tokens"] for one in answers]
        server = [one.overhead_ms for one in answers]
        table[f"evaluated_tokens_per_key_mean_{lines}_lines"] = mean(evaluated)
        table[f"server_p50_ms_{lines}_lines"] = percentile(server, 50)
        table[f"server_p95_ms_{lines}_lines"] = percentile(server, 95)
    return table


def rows(found: dict[int, list[Answer]]) -> Sequence[dict[str, Any]]:
    """Return one row a key."""
    return [
        {"lines": lines, "wall_ms": one.wall_ms, "server_ms": one.overhead_ms, **one.timings}
        for lines, answers in found.items()
        for one in answers
    ]


def main() -> int:
    """Parse the command line, measure, report."""
    parser = command_line("benchmarks.lengths", __doc__, "fewer keys, at most 50 seconds")
    options = parser.parse_args()
    world = World(real_store=True)
    try:
        found = asyncio.run(measure(world, QUICK_KEYS if options.quick else KEYS))
    finally:
        world.close()
    publish("benchmarks.lengths", figures(found), rows(found), options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
