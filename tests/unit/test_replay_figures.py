"""The figures of a replayed session say what their names promise."""

from __future__ import annotations

import asyncio
import json
import platform
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import machine
from benchmarks.presses import PAUSE_S, Press, figures
from benchmarks.report import percentile, publish
from tests.harness.client import Pending

GHOST = {"items": [{"insertText": "    x", "range": {"start": {"line": 3, "character": 0}}}]}
PROMISED = {
    "ghost_p50_ms",
    "ghost_p95_ms",
    "typed_through_p95_ms",
    "evaluated_tokens_per_key_p50",
    "cache_hit_rate",
    "unanswered",
}


def press(result: Any, ms: float = 0.0, *, awaited: bool = False, **report: Any) -> Press:
    """Return a key whose answer `result` came after `ms`; ... stands for no answer."""
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    made = Press(1, 100.0, Pending(1, "textDocument/inlineCompletion", answer), awaited=awaited)
    if result is not ...:
        answer.set_result(result)
    if report:
        hit = report.pop("hit", False)
        tokens = {"prompt_tokens": 0, "evaluated_tokens": 0, "generated_tokens": 0, **report}
        made.report = {"cacheHit": hit, "dropped": None, "timings": tokens}
    made.answered_at = 100.0 + ms / 1e3
    made.pending.answer.remove_done_callback(made._take_time)
    return made


async def test_replaced_keys_have_no_time_and_are_counted():
    session = [press(GHOST, 100), press(None, 5), press({"items": []}, 300)]
    measured = figures(session, [])
    assert measured["superseded"] == 1
    assert measured["requests"] == 3
    assert measured["shown"] == 1
    assert measured["ghost_p50_ms"] == pytest.approx(100)
    assert measured["ghost_p95_ms"] == pytest.approx(300)


async def test_ghost_text_is_right_where_the_typist_types_it_next():
    session = [press(GHOST, 10), press(GHOST, 10), press({"items": []}, 10), press(None, 10)]
    for each, following in zip(session, ("x = 1\n", "y", "x", "x"), strict=True):
        each.before, each.following = "    ", following
    assert [each.ghost for each in session] == ["x", "x", "", ""]
    assert figures(session, [])["right_keys"] == 1


async def test_pauses_within_a_line_are_counted_with_what_came_before_they_were_over():
    long, short = PAUSE_S + 0.1, PAUSE_S - 0.1
    session = [press(GHOST, ms) for ms in (100, 100, 1000, 100)]
    pauses = ((long, "x"), (short, "x"), (long, "x"), (long, "\n"))
    for each, (pause_s, following) in zip(session, pauses, strict=True):
        each.pause_s, each.following = pause_s, following
    measured = figures(session, [])
    assert (measured["pauses"], measured["shown_at_pauses"]) == (2, 0.5)


async def test_a_request_without_answer_and_one_with_an_error_are_unanswered():
    failed = press(...)
    failed.pending.answer.set_exception(RuntimeError())
    failed.pending.answer.exception()
    assert figures([press(...), failed, press(GHOST, 1)], [])["unanswered"] == 2


async def test_answers_without_the_model_are_cache_hits():
    session = [
        press(GHOST, 80, prompt_tokens=9, evaluated_tokens=6, generated_tokens=12),
        press(GHOST, 3, hit=True),
        press(GHOST, 4, hit=True),
        press(GHOST, 90, prompt_tokens=90, evaluated_tokens=10, generated_tokens=4),
    ]
    measured = figures(session, [])
    assert measured["cache_hit_rate"] == 0.5
    assert measured["typed_through_p95_ms"] == pytest.approx(4)
    assert measured["evaluated_tokens_per_key_p50"] == 0
    assert measured["evaluated_tokens_per_key_mean"] == 4
    assert measured["generated_tokens_per_request_mean"] == 8


async def test_awaited_keys_are_counted_by_themselves():
    measured = figures([press(GHOST, 10), press(GHOST, 500, awaited=True)], [])
    assert measured["awaited_p50_ms"] == pytest.approx(500)
    assert measured["ghost_p50_ms"] == pytest.approx(10)


async def test_keys_after_a_kill_count_for_recovery_only():
    slow = press(GHOST, 2000)
    slow.recovering = True
    measured = figures([press(GHOST, 10), slow], [900.0, 1500.0])
    assert measured["ghost_p95_ms"] == pytest.approx(10)
    assert (measured["kills"], measured["recovery_max_ms"]) == (2, 1500.0)


async def test_nothing_measured_is_none_and_every_promised_figure_is_there():
    measured = figures([], [])
    assert set(measured) >= PROMISED
    assert measured["ghost_p50_ms"] is None
    assert measured["unanswered"] == 0


@given(values=st.lists(st.floats(0, 1e6), min_size=1, max_size=50), rank=st.floats(0, 100))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values, rank):
    found = percentile(values, rank)
    assert found in values
    assert sum(value <= found for value in values) >= rank / 100 * len(values) - 1e-9


async def test_the_report_is_json_without_the_users_text(tmp_path, capsys):
    path = tmp_path / "out.json"
    session = [press(GHOST, 10, evaluated_tokens=1)]
    publish("benchmarks.replay", figures(session, []), [one.row() for one in session], path)
    report = json.loads(path.read_text(encoding="utf-8"))
    assert set(report) == {"machine", "command", "figures", "rows"}
    assert report["rows"][0]["outcome"] == "ghost"
    assert "insertText" not in path.read_text(encoding="utf-8")
    assert "ghost_p50_ms" in capsys.readouterr().out


def test_the_machine_is_described_without_its_name():
    described = machine.describe()
    assert set(described) >= {"cpu", "cores", "memory_gib", "system", "python", "slm-lsp"}
    assert all(described.values())
    assert platform.node() not in map(str, described.values())
