"""How much is done while nobody waits."""

from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest

from slm_lsp.inference.worker.model_thread import LEAVES_S, Background


@pytest.mark.parametrize(
    ("battery", "speculates"),
    [
        (None, True),
        (SimpleNamespace(power_plugged=True), True),
        (SimpleNamespace(power_plugged=None), True),
        (SimpleNamespace(power_plugged=False), False),
    ],
)
def test_nothing_on_battery(monkeypatch: pytest.MonkeyPatch, battery, speculates):
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    assert Background(0.5).speculates is speculates


def test_shares(monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr("slm_lsp.inference.worker.model_thread.time.monotonic", lambda: now[0])
    assert Background(0).pause_s() is None
    background = Background(0.2)
    assert background.pause_s() == 0
    background.worked(1.0)
    assert background.pause_s() == pytest.approx(4.0)
    background.worked(1.0)
    assert background.pause_s() == pytest.approx(8.0)
    now[0] += 9
    assert background.pause_s() == 0
    always = Background(1)
    always.worked(5)
    assert always.pause_s() == 0


def test_an_answer_leaves_first(monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr("slm_lsp.inference.worker.model_thread.time.monotonic", lambda: now[0])
    background = Background(0.5)
    background.worked(1.0)
    assert background.pause_s(brief=True) == 0
    background.answered()
    assert background.pause_s(brief=True) == pytest.approx(LEAVES_S)
    assert background.pause_s() == pytest.approx(1.0)
    now[0] += 2
    background.answered()
    assert background.pause_s() == pytest.approx(LEAVES_S)
    assert Background(0).pause_s(brief=True) is None
