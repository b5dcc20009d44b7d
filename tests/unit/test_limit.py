"""What the limit benchmark makes of llama-bench's numbers and of the server's timings."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import bound, direct, lengths, sharing
from benchmarks.bound import Bound, Probe, Program
from benchmarks.limit import Answer, answers, figures
from benchmarks.presses import Press
from benchmarks.report import percentile
from slm_lsp.inference.protocol import Prefilled, RequestFinished, Token
from tests.harness.client import Pending

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from slm_lsp.inference.protocol import Event, Generate, Priority

LIMIT = Bound(
    {(1, 0): 10, (64, 0): 100, (256, 0): 484, (1, 1024): 20, (64, 1024): 200, (256, 1024): 968},
    {0: 10, 1024: 20},
)


def press(wall_ms: float | None, **timings: float) -> Press:
    """Return a key with an answer after `wall_ms`, or without one."""
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    made = Press(1, 100.0, Pending(1, "textDocument/inlineCompletion", answer), awaited=True)
    if wall_ms is not None:
        answer.set_result({"items": []})
        made.report = {"timings": timings_of(**timings)}
        answer.remove_done_callback(made._take_time)
        made.answered_at = 100.0 + wall_ms / 1e3
    return made


def timings_of(**timings: float) -> dict[str, float]:
    names = ("queue_ms", "prefill_ms", "decode_ms")
    counts = ("prompt_tokens", "cached_tokens", "evaluated_tokens", "decoded_tokens")
    return {**dict.fromkeys((*names, *counts), 0), **timings}


def test_the_limit_is_what_was_measured_where_it_was_measured():
    for (tokens, depth), ms in LIMIT.prompt.items():
        assert LIMIT.prefill_ms(tokens, depth) == pytest.approx(ms)
    assert LIMIT.decode_ms(3, 1024) == pytest.approx(60)
    assert LIMIT.prefill_ms(0, 512) == 0


def test_the_limit_between_and_beyond_the_measured_is_on_a_line():
    assert LIMIT.prefill_ms(160, 0) == pytest.approx((100 + 484) / 2)
    assert LIMIT.prefill_ms(64, 512) == pytest.approx(150)
    assert LIMIT.prefill_ms(448, 0) == pytest.approx(484 + (484 - 100))
    assert LIMIT.request_ms(cached=448, evaluated=64, generated=2) == pytest.approx(
        100 + 100 * 448 / 1024 + 2 * 15
    )


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 2000))
def test_more_tokens_never_take_less(tokens: int, more: int, depth: int):
    assert LIMIT.prefill_ms(tokens + more, depth) >= LIMIT.prefill_ms(tokens, depth)
    assert LIMIT.decode_ms(tokens + more, depth) >= LIMIT.decode_ms(tokens, depth)


def test_llama_bench_is_read_and_its_runs_are_put_together():
    def output(prompt_ns: list[int], generated_ns: list[int]) -> bytes:
        tests = [
            {"n_prompt": n, "n_gen": 0, "n_depth": depth, "samples_ns": prompt_ns}
            for n in (1, 8)
            for depth in bound.DEPTHS
        ]
        tests += [
            {"n_prompt": 0, "n_gen": 32, "n_depth": depth, "samples_ns": generated_ns}
            for depth in bound.DEPTHS
        ]
        return json.dumps(tests).encode()

    runs = [
        bound.read(output([5_000_000, 7_000_000], [320_000_000])),
        bound.read(output([30_000_000], [640_000_000, 960_000_000])),
    ]
    limit = bound.bound(runs)
    assert limit.prompt == {(n, depth): 7 for n in (1, 8) for depth in bound.DEPTHS}
    assert limit.token == {0: 20, 1024: 20}
    assert len(limit.rows()) == 6


def test_the_limit_of_a_moment_lies_between_what_was_seen_before_and_after_it():
    long_before = Probe(1.0, {("prompt", 64, 0): [1.0], ("token", 32, 0): [1.0]})
    before = Probe(2.0, {("prompt", 64, 0): [90.0, 100.0, 500.0], ("token", 32, 0): [10.0]})
    after = Probe(4.0, {("prompt", 64, 0): [120.0], ("token", 32, 0): [30.0, 11.0]})
    moment = LIMIT.at(3.0, [long_before, before, after])
    assert moment.prefill_ms(256, 1024) == pytest.approx(968 * 1.1)
    assert moment.decode_ms(1, 1024) == pytest.approx(20 * 1.05)


def test_the_limit_of_a_long_request_is_scaled_by_a_prompt_of_its_length():
    probes = [
        Probe(at, {("prompt", 256, 0): [2 * LIMIT.prompt[256, 0]], ("token", 32, 0): [10.0]})
        for at in (1.0, 3.0)
    ]
    moment = LIMIT.at(2.0, probes, 256)
    assert moment.prefill_ms(256, 1024) == pytest.approx(2 * 968)


async def test_llama_bench_runs_as_the_engine_does(tmp_path: Path):
    program = tmp_path / "llama-bench"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        "tests = [dict(n_prompt=1, n_gen=0, n_depth=0, samples_ns=[1000000])]\n"
        "assert os.environ == {**os.environ, 'GOMP_SPINCOUNT': '7'}, os.environ\n"
        "assert sys.argv[sys.argv.index('-t') + 1] == '3'\n"
        "assert sys.argv[sys.argv.index('-p') + 1] == '1,8'\n"
        "print(json.dumps(tests))\n"
    )
    program.chmod(0o755)
    found = await bound.sample(
        Program(program, tmp_path / "m.gguf", 3, {"GOMP_SPINCOUNT": "7"}), (1, 8), 1
    )
    assert found == {("prompt", 1, 0): [1.0]}
    with pytest.raises(subprocess.CalledProcessError):
        await bound.sample(Program(program, tmp_path / "m.gguf", 4, {}), (1, 8), 1)


async def test_only_answers_the_model_read_and_wrote_for_count():
    model = {"prompt_tokens": 9, "evaluated_tokens": 6, "decoded_tokens": 3}
    written = {"prompt_tokens": 9, "decoded_tokens": 3}
    places = [
        [press(50, **model), press(3), press(None)],
        [press(4), press(40, **written), press(9, evaluated_tokens=6)],
    ]
    found = answers(places)
    assert [one.wall_ms for one in found] == pytest.approx([50, 40])
    assert [one.jumped for one in found] == [True, False]


def test_a_key_that_needed_no_prompt_is_held_to_one_new_token():
    timings = timings_of(cached_tokens=1024, decoded_tokens=2)
    answer = Answer(50.0, jumped=False, timings=timings)
    assert answer.limit_ms(LIMIT) == pytest.approx(LIMIT.request_ms(1024, 1, 2))
    assert answer.limit_ms(LIMIT, least=0) == pytest.approx(LIMIT.decode_ms(2, 1024))


def test_the_figures_compare_with_the_limit():
    timings = timings_of(
        queue_ms=1, prefill_ms=100, decode_ms=20, evaluated_tokens=64, decoded_tokens=2
    )
    walls = [Answer(ms, jumped=False, timings=timings) for ms in (123.0, 126.0, 140.0)]
    limit_ms = LIMIT.request_ms(0, 64, 2)
    speed = direct.Speed(1.5, 64, 0, 250.0, 25.0, 0)
    freed = [direct.Freed("cancelled", "decode", ms) for ms in (1.0, 9.0)]
    samples = {("prompt", 64, 0): [200.0], ("token", 32, 0): [20.0]}
    slower = LIMIT.at(1.5, [Probe(1.0, samples), Probe(2.0, samples)])
    found = [(one, slower) for one in walls]
    measured = figures(found, LIMIT, [1.0, 1.5], [(speed, slower)], freed)
    assert measured["wall_over_usual_p50"] == pytest.approx(126 / limit_ms)
    assert measured["wall_over_usual_p95"] == pytest.approx(140 / limit_ms)
    assert measured["wall_over_limit_p50"] == pytest.approx(126 / limit_ms / 2)
    assert measured["wall_over_limit_p95"] == pytest.approx(140 / limit_ms / 2)
    assert measured["wall_over_evaluated_p95"] == pytest.approx(140 / limit_ms / 2)
    assert measured["bench_spread_p95"] == 1.5
    assert measured["overhead_p95_ms"] == pytest.approx(19)
    assert measured["prefill_over_bench"] == pytest.approx(0.8)
    assert measured["decode_over_bench"] == pytest.approx(0.8)
    assert measured["cancel_to_free_p95_ms"] == 9
    assert walls[0].row(LIMIT)["limit_ms"] == pytest.approx(limit_ms)


def test_the_spread_is_that_of_short_runs_alone():
    runs = [{("prompt", 2, 0): [9.0, 10.0], ("prompt", 512, 0): [1.0, 99.0]}]
    runs += [{("prompt", 2, 0): [10.0, 20.0], ("prompt", 512, 0): [1.0, 99.0]}]
    assert bound.spread(runs) == pytest.approx([0.9, 1.0, 1.0, 2.0])


def test_nothing_measured_is_none():
    measured = figures([], LIMIT, [], [], [])
    promised = "wall_over_limit_p50 wall_over_limit_p95 overhead_p95_ms decode_over_bench"
    promised += " prefill_over_bench cancel_to_free_p95_ms"
    assert all(measured[name] is None for name in promised.split())


class Slow:
    """An engine that takes `free_ms` from an interruption to the next request's beginning."""

    def __init__(self, free_ms: float) -> None:
        self.free_ms = free_ms
        self.interrupted: list[str] = []

    async def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        if request.max_tokens == 1:
            await asyncio.sleep(self.free_ms / 1e3)
            await asyncio.sleep(0.05)
            yield Prefilled(request.id, self.free_ms, 50.0, 5, 0)
            yield RequestFinished(request.id, "done")
            return
        try:
            yield Prefilled(request.id, 0.0, 0.0, 5, 0)
            for _ in range(5):
                await asyncio.sleep(0.02)
                yield Token(request.id, "x", 0.0)
            yield RequestFinished(request.id, "done")
        except (GeneratorExit, asyncio.CancelledError):
            self.interrupted.append(request.document)
            raise

    def rank(self, number: int, urgency: Priority) -> None:
        raise AssertionError("every request here is urgent")


async def test_the_time_to_free_is_measured_without_what_the_next_request_reads():
    engine = Slow(free_ms=20.0)
    found = await direct.cancels(engine, 4, float("inf"), seed=1)
    assert [one.way for one in found] == ["cancelled", "replaced"] * 2
    assert len(engine.interrupted) == 2  # what is replaced ends by itself here
    assert all(18 < one.free_ms < 60 for one in found)
    assert {one.phase for one in found} <= {"prefill", "decode"}


def test_prompts_have_nothing_in_common():
    some = direct.prompts(400, seed=3)
    found = [next(some).prefix for _ in range(20)]
    assert len({text[:10] for text in found}) == 20
    assert all(200 < len(text) < 500 for text in found)


@pytest.mark.parametrize("lines", lengths.LINES)
def test_files_of_every_length_have_the_same_typed_in_their_middle(lines: int):
    text, hole = lengths.file_of(lines, 60)
    assert text.count("\n") == pytest.approx(lines, abs=max(50, lines // 100))
    typed = text[hole.start : hole.end]
    assert typed.startswith("if args is None")
    assert text[hole.end] == "\n"
    assert lines // 4 < text.count("\n", 0, hole.start) < lines * 3 // 4


def test_the_clients_files_differ_in_names_and_in_nothing_else():
    files = {name: sharing.file_of(name) for name in sharing.NAMES}
    assert len({hole for _, hole in files.values()}) == 1
    assert len({text for text, _ in files.values()}) == len(sharing.NAMES)
    assert len({len(text) for text, _ in files.values()}) == 1


def test_fairness_is_the_largest_distance_from_the_mean():
    shares = [
        {"model_answers": n, "model_ms": ms, "unanswered": lost}
        for n, ms, lost in ((10, 900.0, 0), (10, 1000.0, 1), (10, 1100.0, 0))
    ]
    assert sharing.fairness(shares) == {
        "unanswered": 1,
        "model_answers_min": 10,
        "model_answers_max": 10,
        "model_ms_deviation": pytest.approx(0.1),
        "answers_deviation": 0,
    }


@given(st.lists(st.floats(0, 1e4), min_size=1))
def test_overhead_is_never_counted_twice(walls: list[float]):
    timings = timings_of(queue_ms=2, prefill_ms=3, decode_ms=4)
    overheads = [Answer(ms, jumped=False, timings=timings).overhead_ms for ms in walls]
    expected = percentile(walls, 95)
    assert expected is not None
    assert percentile(overheads, 95) == pytest.approx(expected - 9)
