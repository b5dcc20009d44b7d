"""How close an answer of the model comes to what this machine can do at best.

The limit of a request is

    new tokens x prefill time a token + tokens generated x decode time a token

as `llama-bench` measures them in the same run, with the same model file, the same number of threads
and the engine process's own environment. What a token of prompt costs depends on how many are read
at once and on how many stand before them, so llama-bench runs at several lengths and two depths
and the request's own numbers are interpolated (`bound.py`). Like the engine it does without flash
attention; all else, such as its batch sizes and how it loads the weights, are its defaults. It runs
before and after the requests, and the medians of both runs together count. Short runs between them,
after every few keys and around every long request, tell what the machine can do at that moment, and
the limit is scaled by that: `bound.py` has why.

A file is typed into the real server over stdio, key by key, in a number of places. Each key waits
for the answer to the one before, so no request is replaced. Only answers that the model had to
evaluate or generate for are counted: new places, and keys that were not typed through. Tokens are
those of the server's timings: `decoded_tokens`, and `evaluated_tokens`, but at least one new token
for each key. The engine often gets by without: it remembers what the model said may follow. So
there are figures without that one token, too; against them every millisecond counts, since a
request may be as little as one token.

| figure | meaning |
|---|---|
| `wall_over_limit_p50`, `_p95` | from sending the edit to reading the answer, over the limit |
| `wall_over_evaluated_p50`, `_p95` | the same over what was evaluated, be it no new token at all |
| `wall_over_usual_p50`, `_p95` | that time over the limit of the whole run, not of the moment |
| `bench_spread_p95` | llama-bench's own short runs over their medians: what the machine varies by |
| `overhead_p50_ms`, `_p95_ms` | that time without the engine's queue, prefill and decode |
| `prefill_over_bench`, `decode_over_bench` | tokens/s of long requests, ours over llama-bench's |
| `cancel_to_free_p95_ms` | from interrupting a request until the engine begins with the next |

Interruptions come at random moments of reading and writing, half by cancelling, half by a newer
request for the document. The last three lines are measured with `EngineClient`: see `direct.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import os
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks import bound, direct, patient, typist
from benchmarks.bound import Program
from benchmarks.engine_here import default_settings
from benchmarks.report import Figures, command_line, percentile, publish
from slm_lsp import models
from slm_lsp.inference.client.client import EngineClient
from slm_lsp.platform.machine import model_threads
from tests.harness.client import Client
from tests.harness.editor import Editor
from tests.harness.world import World
from tools import peer
from tools.machine import SetupFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.bound import Bound, Probe
    from benchmarks.presses import Press

SEED = 20261124
CANCELS = 200


@dataclass(frozen=True)
class Extent:
    """How much is measured; times in seconds, the rest in numbers of what the name says."""

    lengths: Sequence[int]
    repetitions: int
    places: int
    keys: int
    typing_s: float
    prompt_tokens: int
    prompts: int
    cancelling_s: float


FULL = Extent(bound.LENGTHS, 5, 24, 600, 600.0, 512, 9, 600.0)
QUICK = Extent(bound.QUICK_LENGTHS, 1, 8, 96, 10.0, 256, 3, 7.0)


@dataclass(frozen=True)
class Answer:
    """One answer of the model: milliseconds from the edit to reading it, and the timings.

    It was `asked` then (`time.perf_counter`). `place` counts the places from 0.
    """

    wall_ms: float
    jumped: bool
    timings: dict[str, Any]
    place: int = 0
    asked: float = 0.0

    @property
    def overhead_ms(self) -> float:
        """What the model had no part in."""
        model = ("queue_ms", "prefill_ms", "decode_ms")
        return self.wall_ms - sum(float(self.timings[name]) for name in model)

    def limit_ms(self, limit: Bound, *, least: int = 1) -> float:
        """Return the limit of a request with at least so many new tokens."""
        new, generated = self.timings["evaluated_tokens"], self.timings["decoded_tokens"]
        return limit.request_ms(self.timings["cached_tokens"], max(new, least), generated)

    def row(self, limit: Bound) -> dict[str, Any]:
        """Return everything but the text."""
        return {
            "kind": "new place" if self.jumped else "key",
            "place": self.place,
            "wall_ms": self.wall_ms,
            "limit_ms": self.limit_ms(limit),
            "overhead_ms": self.overhead_ms,
            **self.timings,
        }


def answers(places: Sequence[Sequence[Press]]) -> list[Answer]:
    """Return the answers of the model among `places`, each the keys typed at one."""
    return [
        Answer(ms, number == 0, press.report["timings"], place, press.sent_at)
        for place, presses in enumerate(places)
        for number, press in enumerate(presses)
        if press.from_model
        and press.report is not None
        and any(press.report["timings"][what] for what in ("evaluated_tokens", "decoded_tokens"))
        and (ms := press.ghost_ms) is not None
    ]


def figures(
    found: Sequence[tuple[Answer, Bound]],
    limit: Bound,
    spread: Sequence[float],
    speeds: Sequence[tuple[direct.Speed, Bound]],
    freed: Sequence[direct.Freed],
) -> Figures:
    """Return the figures of the module's docstring; requests come with the limit of the moment."""
    ratios = [one.wall_ms / one.limit_ms(moment) for one, moment in found]
    evaluated = [one.wall_ms / one.limit_ms(moment, least=0) for one, moment in found]
    usual = [one.wall_ms / one.limit_ms(limit) for one, _ in found]
    prefill = [it.prefill_ms(one.evaluated, one.cached) / one.prefill_ms for one, it in speeds]
    decode = [it.decode_ms(1, one.depth) / one.decode_ms for one, it in speeds]
    return {
        "wall_over_limit_p50": percentile(ratios, 50),
        "wall_over_limit_p95": percentile(ratios, 95),
        "wall_over_evaluated_p50": percentile(evaluated, 50),
        "wall_over_evaluated_p95": percentile(evaluated, 95),
        "wall_over_usual_p50": percentile(usual, 50),
        "wall_over_usual_p95": percentile(usual, 95),
        "bench_spread_p95": percentile(spread, 95),
        "overhead_p50_ms": percentile([one.overhead_ms for one, _ in found], 50),
        "overhead_p95_ms": percentile([one.overhead_ms for one, _ in found], 95),
        "decode_over_bench": statistics.median(decode) if decode else None,
        "prefill_over_bench": statistics.median(prefill) if prefill else None,
        "cancel_to_free_p95_ms": percentile([one.free_ms for one in freed], 95),
        "requests": len(found),
        "cancels": len(freed),
    }


async def measure(
    world: World, llama_bench: Path, extent: Extent
) -> tuple[Figures, list[dict[str, Any]]]:
    """Return figures and rows."""
    client = await Client.start(world.env, "serve", "--stdio", cwd=world.project)
    engine = EngineClient(default_settings())
    tokens = extent.prompt_tokens
    long: list[Probe] = []

    async def probe() -> None:
        long.append(await bound.probe(program, tokens))

    try:
        await patient.prepare(client)
        program = await _program(world, llama_bench)
        before = await bound.sample(program, extent.lengths, extent.repetitions)
        places, probes = await _typed(world, client, program, extent)
        speeds = await direct.speeds(engine, tokens, extent.prompts, probe)
        after = await bound.sample(program, extent.lengths, extent.repetitions)
        until = time.perf_counter() + extent.cancelling_s
        freed = await direct.cancels(engine, CANCELS, until, SEED)
        await client.stop()
    finally:
        await engine.close()
        await client.close()
    limit = bound.bound([before, after])
    found = [(one, limit.at(one.asked, probes)) for one in answers(places)]
    read = [(one, limit.at(one.asked, long, tokens)) for one in speeds]
    rows = [one.row(moment) for one, moment in found] + limit.rows()
    rows += [{"kind": "long request", **asdict(one)} for one in speeds]
    rows += [{"kind": "interruption", **asdict(one)} for one in freed]
    return figures(found, limit, bound.spread([before, after]), read, freed), rows


async def _program(world: World, llama_bench: Path) -> Program:
    """Return llama-bench as the engine is: same file, threads and environment."""
    pid = await world.engine_pid()
    environment = psutil.Process(pid).environ()
    settings = default_settings()
    threads = settings.engine.threads or model_threads()
    model = models.resolve(settings.model).path
    return Program(llama_bench, model, threads, environment)


async def _typed(
    world: World, client: Client, program: Program, extent: Extent
) -> tuple[list[list[Press]], list[Probe]]:
    """Return the keys of each place, and what llama-bench showed before, between and after them."""
    probes: list[Probe] = []

    async def probe() -> None:
        probes.append(await bound.probe(program))

    text = inspect.getsource(argparse)
    holes = typist.stretches(text, extent.places, extent.keys, SEED)
    uri = (world.project / "limit.py").as_uri()
    editor = Editor(client, typist.without(text, holes), caret=0, uri=uri)
    until = time.perf_counter() + extent.typing_s
    return await patient.type_places(editor, text, holes, until, probe), probes


def main() -> int:
    """Parse the command line, measure, report."""
    parser = command_line("benchmarks.limit", __doc__, "fewer requests, at most 50 seconds")
    options = parser.parse_args()
    try:
        llama_bench = peer.program("llama-bench")
    except SetupFailed as error:
        parser.exit(1, f"{error}\n")
    world = World(real_store=True)
    os.environ["SLM_LSP_RUNTIME_DIR"] = str(world.runtime)  # our own client meets the server there
    try:
        extent = QUICK if options.quick else FULL
        measured, rows = asyncio.run(measure(world, llama_bench, extent))
    finally:
        world.close()
    publish("benchmarks.limit", measured, rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
