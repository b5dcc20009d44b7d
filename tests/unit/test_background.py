"""How much is done while nobody waits."""

from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest

from slm_lsp.engine.background import Background


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
    monkeypatch.setattr("slm_lsp.engine.background.time.monotonic", lambda: now[0])
    assert Background(0).pause_s() is None
    background = Background(0.2)
    assert background.pause_s() == 0
    background.worked(1.0)
    assert background.pause_s() == pytest.approx(4.0)
    now[0] += 5
    assert background.pause_s() == 0
    always = Background(1)
    always.worked(5)
    assert always.pause_s() == 0
