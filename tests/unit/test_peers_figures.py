"""The figures of the comparison with llama-server."""

import math

import pytest

from benchmarks import peers, sources
from benchmarks.sides import Replay, Session, Spent, Wait
from benchmarks.sources import Source
from benchmarks.typist import Stroke

SESSION = Session(Source("a.py", "python", ""), "", [Stroke(100.0, "a")] * 10, 6.0)


def replay(*waits: Wait, spent: Spent) -> Replay:
    return Replay(list(waits), spent)


OURS = replay(Wait(100.0, shown=True), Wait(300.0), spent=Spent(50, 10, 2.0))
PEER = replay(Wait(1000.0), Wait(6000.0, late=True), spent=Spent(200, 40, 8.0))


def test_ratios_are_ours_by_the_peers() -> None:
    found = peers.figures([SESSION], [OURS], [PEER])
    assert found["p50_ratio"] == pytest.approx(0.1)
    assert found["p95_ratio"] == pytest.approx(0.05)
    assert found["evaluated_tokens_ratio"] == found["generated_tokens_ratio"] == 0.25
    assert found["cpu_ratio"] == 0.25
    assert (found["ours_evaluated_tokens_per_key"], found["peer_evaluated_tokens_per_key"]) == (
        5,
        20,
    )
    assert (found["ours_shown"], found["peer_shown"]) == (1, 0)
    assert (found["ours_late"], found["peer_late"]) == (0, 1)
    assert (found["keys"], found["waited_at"]) == (10, 2)


def test_files_are_put_together() -> None:
    found = peers.figures([SESSION, SESSION], [OURS, OURS], [PEER, PEER])
    assert (found["keys"], found["waited_at"]) == (20, 4)
    assert found["ours_evaluated_tokens_per_key"] == 5
    assert found["peer_cpu_s"] == 16.0


def test_nothing_measured_is_no_ratio() -> None:
    nothing = replay(spent=Spent(0, 0, 0.0))
    found = peers.figures([SESSION], [nothing], [nothing])
    assert found["p50_ratio"] is found["evaluated_tokens_ratio"] is found["cpu_ratio"] is None


def test_a_row_is_a_key_as_both_met_it() -> None:
    [first, second] = peers.rows([SESSION], [OURS], [PEER])
    assert first["file"] == "a.py"
    assert (first["ours_ms"], first["peer_ms"]) == (100.0, 1000.0)
    assert (first["ours_shown"], second["peer_shown"]) == (True, False)


def test_what_was_used_is_a_difference() -> None:
    assert Spent(10, 5, 3.0).since(Spent(4, 2, 1.0)) == Spent(6, 3, 2.0)


def test_a_session_is_long_enough_and_a_quick_one_short() -> None:
    whole, quick = (peers.session(sources.python(), quick=quick) for quick in (False, True))
    assert len(whole.strokes) >= 300
    assert sum(stroke.waits for stroke in whole.strokes) >= 20
    assert 20 <= len(quick.strokes) <= 60
    assert sum(stroke.waits for stroke in quick.strokes) >= 3
    pauses_s = math.fsum(stroke.pause_ms for stroke in quick.strokes) / 1e3
    assert pauses_s < 12
