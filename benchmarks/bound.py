"""What llama-bench needs on this machine: the least that the model's part of an answer can take.

llama-bench is slower by the token for a few tokens than for many, and slower behind a long text
than behind none. So it is run for prompts of several lengths, each at the start of a text and
behind `DEPTHS[-1]` tokens, and what lies between is interpolated: the time of a prompt is linear
between two measured lengths, and every time is linear in the number of tokens before it. It runs
without flash attention, as the engine does: with it both would be slower behind a long text.

What a machine can do at best may change within seconds, as its clock and its other users do: 150
prompts of 128 tokens in a row took 129 ms each for five seconds and 153 ms for the next five. So
`Bound.at` scales it by what short runs of llama-bench need before and after a moment.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import time
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LENGTHS = (1, 2, 3, 4, 8, 16, 64, 128, 256, 512)
QUICK_LENGTHS = (1, 2, 4, 64, 256)
"""Tokens of prompt, ascending."""

DEPTHS = (0, 1024)
"""Tokens before the measured ones: none, and a window of the default settings."""

GENERATED = 32
"""Tokens generated in a row where the time of one is measured."""

PROBE, PROBES = 64, 3
"""Tokens of the prompt that shows what the machine can do at a moment, and how often it is read.

For long requests it is one as long as theirs.
"""

SHORT_TOKENS = 16
"""A request while somebody types reads no more."""

_PROMPT, _TOKEN = "prompt", "token"


@dataclass(frozen=True)
class Program:
    """llama-bench with the file, the threads and the environment that the engine has."""

    path: Path
    model: Path
    threads: int
    env: Mapping[str, str]


@dataclass(frozen=True)
class Bound:
    """Milliseconds by number of tokens and depth, each the lower median of its samples.

    Of two samples it is the smaller one: a short run has no more, and one may be disturbed.
    """

    prompt: Mapping[tuple[int, int], float]  # (length, depth) -> the whole prompt
    token: Mapping[int, float]  # depth -> one generated token

    def prefill_ms(self, tokens: int, depth: int) -> float:
        """Return how long a prompt of `tokens` behind `depth` others takes; 0 for none."""
        lengths = sorted({length for length, _ in self.prompt})
        times = [
            _line(tokens, [0, *lengths], [0.0, *(self.prompt[n, at] for n in lengths)])
            for at in DEPTHS
        ]
        return _line(depth, DEPTHS, times)

    def decode_ms(self, tokens: int, depth: int) -> float:
        """Return how long it takes to generate `tokens` behind `depth` others, one by one."""
        return tokens * _line(depth, DEPTHS, [self.token[at] for at in DEPTHS])

    def request_ms(self, cached: int, evaluated: int, generated: int) -> float:
        """Return the limit of one request, all in tokens."""
        depth = cached + evaluated
        return self.prefill_ms(evaluated, cached) + self.decode_ms(generated, depth)

    def at(self, moment: float, probes: Sequence[Probe], tokens: int = PROBE) -> Bound:
        """Return the limit at a `moment` between two of the `probes`, which read `tokens`."""
        right = bisect_left([it.ended for it in probes], moment)
        around = [it.samples for it in probes[right - 1 : right + 1]]
        prompt = _mean(around, (_PROMPT, tokens, 0)) / self.prompt[tokens, 0]
        token = _mean(around, (_TOKEN, GENERATED, 0)) / self.token[0]
        return Bound(
            {key: ms * prompt for key, ms in self.prompt.items()},
            {depth: ms * token for depth, ms in self.token.items()},
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return what was measured, one row a measurement."""
        prompts = [
            {"kind": "llama-bench", "tokens": n, "depth": at, "ms": ms}
            for (n, at), ms in self.prompt.items()
        ]
        tokens = [
            {"kind": "llama-bench, generated", "tokens": 1, "depth": at, "ms": ms}
            for at, ms in self.token.items()
        ]
        return [*prompts, *tokens]


Samples = dict[tuple[str, int, int], list[float]]
"""Milliseconds of every repetition, by what was measured, its tokens and its depth."""


@dataclass(frozen=True)
class Probe:
    """What the machine could do at a moment, which `ended` then (`time.perf_counter`)."""

    ended: float
    samples: Samples


async def probe(program: Program, tokens: int = PROBE) -> Probe:
    """Run llama-bench for a second or three: what can it do now? Raises CalledProcessError."""
    samples = await sample(program, (tokens,), PROBES, depths=(0,))
    return Probe(time.perf_counter(), samples)


async def sample(
    program: Program, lengths: Sequence[int], repetitions: int, depths: Sequence[int] = DEPTHS
) -> Samples:
    """Run llama-bench once over all of it. Raises CalledProcessError."""
    command = [program.path, "-m", program.model, "-t", program.threads, "-o", "json"]
    command += ["-p", _list(lengths), "-n", GENERATED, "-d", _list(depths), "-r", repetitions]
    command += ["-ngl", 0, "-fa", "off"]
    ended = await asyncio.to_thread(
        subprocess.run,
        [str(word) for word in command],
        env=dict(program.env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    return read(ended.stdout)


def read(output: bytes) -> Samples:
    """Read what `llama-bench -o json` printed."""
    samples: Samples = {}
    for test in json.loads(output):
        kind, tokens = (_PROMPT, test["n_prompt"]) if test["n_prompt"] else (_TOKEN, test["n_gen"])
        share = 1 if kind == _PROMPT else tokens
        samples[kind, tokens, test["n_depth"]] = [
            nanoseconds / 1e6 / share for nanoseconds in test["samples_ns"]
        ]
    return samples


def bound(runs: Sequence[Samples]) -> Bound:
    """Put several runs of the same measurements together."""
    medians = {
        key: statistics.median_low([ms for run in runs for ms in run[key]]) for key in runs[0]
    }
    return Bound(
        {(n, at): ms for (kind, n, at), ms in medians.items() if kind == _PROMPT},
        {at: ms for (kind, _, at), ms in medians.items() if kind == _TOKEN},
    )


def spread(runs: Sequence[Samples]) -> list[float]:
    """Return every repetition of at most `SHORT_TOKENS` tokens over the median of its like.

    That is how much the machine itself makes of what is always the same work.
    """
    ratios: list[float] = []
    for key in runs[0]:
        times = [ms for run in runs for ms in run[key]]
        middle = statistics.median(times)
        ratios += [ms / middle for ms in times if key[1] <= SHORT_TOKENS]
    return ratios


def _mean(samples: Sequence[Samples], key: tuple[str, int, int]) -> float:
    return statistics.fmean(statistics.median_low(sample[key]) for sample in samples)


def _line(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """Return y at `x` on the line through the points; beyond the last as between the last two."""
    right = min(max(bisect_left(xs, x), 1), len(xs) - 1)
    left = right - 1
    slope = (ys[right] - ys[left]) / (xs[right] - xs[left])
    return ys[left] + slope * (x - xs[left])


def _list(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))
