"""What `slm-lsp bench` concludes from measured speeds, and what it prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from slm_lsp.cli import bench, main
from slm_lsp.models import catalog, record, runtime
from slm_lsp.models.record import Case, Speed
from slm_lsp.models.selection import choice, machine_speed
from slm_lsp.settings.schema import Settings
from tests.unit.store_models import build_wheel, describe, install

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.models.catalog import CatalogModel

SPEEDS = [Speed(120.0, 50.0, 290.0), Speed(256.0, 100.0, 1120.0)]
"""Typing, and reading much."""


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[CatalogModel, ...]:
    """A catalog of three, of which the middle one is installed and chosen."""
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    tiny = describe(build_wheel(tmp_path / "wheels"))
    sized = tuple(
        msgspec.structs.replace(tiny, name=name, parameters=parameters, auto=True)
        for name, parameters in (("large", 8000), ("tiny", 1000), ("tinier", 100))
    )
    install(sized[1])
    monkeypatch.setattr(catalog, "models", lambda: sized)
    monkeypatch.setattr(machine_speed, "measure", lambda _progress: 1e9)
    monkeypatch.setattr(choice, "memory_for_models", lambda: 10**12)
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


@pytest.mark.parametrize(
    ("budget_ms", "rate", "expected", "verdict"),
    [
        (300, 1e9, "large", "8000: in time"),
        (300, 1.0, "tinier", "too slow"),
        (60, None, "large", "not measured"),
    ],
)
def test_the_report_says_what_auto_is_here_and_why(
    models, monkeypatch, budget_ms: int, rate: float | None, expected: str, verdict: str
):
    monkeypatch.setattr(machine_speed, "known", lambda: rate)
    report = bench.conclude(settings(completion={"budgetMs": budget_ms}), 2, SPEEDS)
    assert report.recommended == expected
    [line] = [it for it in bench.as_text(report).splitlines() if "the best for this" in it]
    assert line.strip().startswith(f"{expected}: ")
    assert verdict.removeprefix("8000: ") in line


def test_the_command_measures_the_chosen_model_as_the_engine_runs_it(
    models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    asked: list[tuple[str, int, list[Case]]] = []

    def measure(path: Path, threads: int, cases: list[Case]) -> list[Speed]:
        asked.append((path.name, threads, cases))
        return SPEEDS

    monkeypatch.setattr(runtime, "measure", measure)
    choose(tmp_path, monkeypatch, 'model = "tiny"\n[engine]\nthreads = 3\n')
    assert main.main(["bench", "--json"]) == 0
    assert asked == [("tiny.Q4_1.gguf", 3, [Case(1024, 6, 12), Case(0, 256, 12)])]
    report = json.loads(capsys.readouterr().out)
    assert (report["model"], report["threads"]) == ("tiny", 3)
    assert main.main(["bench"]) == 0
    assert "ghost text while typing     290 ms" in capsys.readouterr().out


def test_a_damaged_model_is_not_opened(
    models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (record.folder("tiny") / "tiny.Q4_1.gguf").write_bytes(b"GGUF, but another")
    monkeypatch.setattr(runtime, "measure", lambda *_: pytest.fail("opened"))
    choose(tmp_path, monkeypatch, 'model = "tiny"\n')
    assert main.main(["bench"]) == 1
    assert "does not have its recorded checksum" in capsys.readouterr().err


def test_a_scripted_model_cannot_be_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    script = tmp_path / "script.json"
    script.write_text("{}")
    choose(tmp_path, monkeypatch, f'model = "fake:{script}"\n')
    assert main.main(["bench"]) == 2
    assert "has no speed" in capsys.readouterr().err


def choose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    """Make `content` the user's own settings."""
    folder = tmp_path / "config" / "slm-lsp"
    folder.mkdir(parents=True)
    (folder / "slm-lsp.toml").write_text(content)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
