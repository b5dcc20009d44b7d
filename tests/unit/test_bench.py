"""What `slm-lsp bench` concludes from measured speeds, and what it prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp import cli
from slm_lsp.commands import bench
from slm_lsp.config import Settings
from slm_lsp.store import catalog, record, runtime
from slm_lsp.store.record import Case, Speed
from tests.unit.store_models import build_wheel, describe, install

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.store.catalog import CatalogModel

SPEEDS = [Speed(120.0, 50.0, 290.0), Speed(256.0, 100.0, 1120.0)]
"""Typing, and reading much."""


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[CatalogModel, ...]:
    """A catalog of three, of which the middle one is installed and chosen."""
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    tiny = describe(build_wheel(tmp_path / "wheels"))
    sized = tuple(
        msgspec.structs.replace(tiny, name=name, parameters=parameters)
        for name, parameters in (("large", 8000), ("tiny", 1000), ("tinier", 100))
    )
    install(sized[1])
    monkeypatch.setattr(catalog, "models", lambda: sized)
    return sized


def settings(**changes: object) -> Settings:
    return msgspec.convert({"model": "tiny", **changes}, Settings)


def test_the_report_says_what_a_key_and_a_jump_cost(models):
    report = bench.conclude(settings(completion={"budgetMs": 300}), 2, SPEEDS)
    assert (report.prefill_tokens_per_s, report.decode_tokens_per_s) == (256, 100)
    assert report.typing_ms == 290
    assert report.jump_ms == pytest.approx(1024 / 256 * 1000 + 12 / 50 * 1000)
    assert report.tokens_in_budget == int((0.3 - 0.12) * 256)
    assert report.quantisation == "Q4_1"
    assert report.expected_ms == pytest.approx({"large": 2320, "tiny": 290, "tinier": 29})


@pytest.mark.parametrize(
    ("budget_ms", "expected"), [(60, "tinier"), (300, "tiny"), (5000, "large"), (50, "tinier")]
)
def test_the_largest_in_time_is_recommended(models, budget_ms: int, expected: str):
    report = bench.conclude(settings(completion={"budgetMs": budget_ms}), 2, SPEEDS)
    assert report.recommended == expected


def test_where_none_is_in_time_the_smallest_is_recommended_and_that_is_said(models):
    slow = [Speed(1.0, 1.0, 9000.0), SPEEDS[1]]
    report = bench.conclude(settings(completion={"budgetMs": 300}), 2, slow)
    assert report.recommended == "tinier"
    assert "none is expected to keep that" in bench.as_text(report)


def test_a_model_outside_of_the_catalog_is_compared_by_its_size(models, monkeypatch):
    others = (msgspec.structs.replace(models[0], size=2 * models[1].size), models[2])
    monkeypatch.setattr(catalog, "models", lambda: others)
    report = bench.conclude(settings(), 2, SPEEDS)
    assert report.expected_ms == pytest.approx({"large": 580, "tinier": 290})


@given(times=st.lists(st.floats(1, 1e5), min_size=1, max_size=6), budget_ms=st.floats(50, 60000))
def test_the_recommended_one_is_in_time_if_any_is(times: list[float], budget_ms: float):
    [model] = catalog.models()[:1]
    models = [
        msgspec.structs.replace(model, name=str(at), parameters=at + 1) for at in range(len(times))
    ]
    expected = {str(at): ms for at, ms in enumerate(times)}
    chosen = bench.recommend(models, expected, budget_ms)
    if min(times) <= budget_ms:
        assert expected[chosen] <= budget_ms
        assert all(expected[str(at)] > budget_ms for at in range(int(chosen) + 1, len(times)))
    else:
        assert chosen == "0"


def test_the_command_measures_the_chosen_model_as_the_engine_runs_it(
    models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    asked: list[tuple[str, int, list[Case]]] = []

    def measure(path: Path, threads: int, cases: list[Case]) -> list[Speed]:
        asked.append((path.name, threads, cases))
        return SPEEDS

    monkeypatch.setattr(runtime, "measure", measure)
    choose(tmp_path, monkeypatch, 'model = "tiny"\n[engine]\nthreads = 3\n')
    assert cli.main(["bench", "--json"]) == 0
    assert asked == [("tiny.Q4_1.gguf", 3, [Case(1024, 6, 12), Case(0, 256, 12)])]
    report = json.loads(capsys.readouterr().out)
    assert (report["model"], report["threads"]) == ("tiny", 3)
    assert cli.main(["bench"]) == 0
    assert "ghost text while typing     290 ms" in capsys.readouterr().out


def test_a_damaged_model_is_not_opened(
    models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (record.folder("tiny") / "tiny.Q4_1.gguf").write_bytes(b"GGUF, but another")
    monkeypatch.setattr(runtime, "measure", lambda *_: pytest.fail("opened"))
    choose(tmp_path, monkeypatch, 'model = "tiny"\n')
    assert cli.main(["bench"]) == 1
    assert "does not have its recorded checksum" in capsys.readouterr().err


def test_a_scripted_model_cannot_be_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    script = tmp_path / "script.json"
    script.write_text("{}")
    choose(tmp_path, monkeypatch, f'model = "fake:{script}"\n')
    assert cli.main(["bench"]) == 2
    assert "has no speed" in capsys.readouterr().err


def choose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    """Make `content` the user's own settings."""
    folder = tmp_path / "config" / "slm-lsp"
    folder.mkdir(parents=True)
    (folder / "slm-lsp.toml").write_text(content)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
