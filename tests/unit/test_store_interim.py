"""Which model answers while the one that `auto` has chosen is loaded."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from slm_lsp.models import catalog, record
from slm_lsp.models.record import ModelFile, Record
from slm_lsp.models.selection import choice, interim, machine_speed
from slm_lsp.platform import disk
from slm_lsp.platform.disk import read_seconds
from slm_lsp.settings.schema import CompletionSettings, Settings

if TYPE_CHECKING:
    from pathlib import Path

MIDDLE, SMALL = "qwen2.5-coder-0.5b-instruct", "slm-fim-135m"
SLOW_DISK_S = 10.0


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty store on a slow disk, on a machine for the middle model."""
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "none"))
    monkeypatch.setattr(choice, "memory_for_models", lambda: 10**12)
    monkeypatch.setattr(interim, "memory_for_models", lambda: 10**12)
    monkeypatch.setattr(machine_speed, "known", lambda: 16e9)
    monkeypatch.setattr(interim, "read_seconds", lambda _path: SLOW_DISK_S)


def install(*names: str) -> None:
    for name in names:
        model = catalog.find(name)
        folder = record.folder(name)
        folder.mkdir(parents=True)
        (folder / model.file).write_bytes(b"x")
        file = ModelFile(model.file, "Q8_0", 1, model.sha256)
        record.write(Record(name, "here", model.licence, (file,), file.file))


def answers_first(given: Settings | None = None) -> Settings | None:
    given = given or Settings()
    return interim.interim_settings(given, choice.resolved(given))


def test_the_smallest_that_is_installed_answers_first():
    install(MIDDLE, SMALL)
    found = answers_first()
    assert found is not None
    assert found.model == SMALL
    assert found.completion.least_confidence == catalog.find(SMALL).min_confidence
    assert found.engine.sharing == "private"


def test_all_else_is_as_the_user_wants_it():
    install(MIDDLE, SMALL)
    given = Settings(completion=CompletionSettings(min_confidence=0.7, max_tokens=9))
    found = answers_first(given)
    assert found is not None
    assert found.completion == choice.resolved(given).completion


@pytest.mark.parametrize("installed", [(), (SMALL,), (MIDDLE,)])
def test_both_have_to_be_installed(installed):
    install(*installed)
    assert answers_first() is None


def test_the_one_in_use_may_be_the_smallest(monkeypatch):
    monkeypatch.setattr(machine_speed, "known", lambda: 1e9)
    install(MIDDLE, SMALL)
    assert choice.resolved(Settings()).model == SMALL
    assert answers_first() is None


def test_a_model_that_the_user_named_answers_alone():
    install(MIDDLE, SMALL)
    assert answers_first(Settings(model=MIDDLE)) is None
    assert answers_first(Settings(model="fake:/nowhere.json")) is None


def test_both_have_to_fit_into_memory(monkeypatch):
    install(MIDDLE, SMALL)
    both = catalog.find(MIDDLE).memory + catalog.find(SMALL).memory
    monkeypatch.setattr(interim, "memory_for_models", lambda: both)
    assert answers_first() is not None
    monkeypatch.setattr(interim, "memory_for_models", lambda: both - 1)
    assert answers_first() is None


def test_what_is_loaded_soon_answers_alone(monkeypatch):
    install(MIDDLE, SMALL)
    monkeypatch.setattr(interim, "read_seconds", lambda _path: 0.0)
    assert answers_first() is None


def test_a_file_that_is_missing_is_the_engines_business():
    install(MIDDLE, SMALL)
    (record.folder(MIDDLE) / catalog.find(MIDDLE).file).unlink()
    assert answers_first() is None


def test_a_file_in_memory_takes_no_time_to_read(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(2**20))
    assert read_seconds(path) == 0


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_what_is_not_in_memory_takes_as_long_as_a_part_of_it_did(share, tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(bytes(2 * disk.TRIAL_BYTES))
    size = path.stat().st_size
    monkeypatch.setattr(disk, "_in_memory", lambda _file, place: place >= share * size)
    clock = iter([100.0, 101.0])  # the trial takes a second
    monkeypatch.setattr(disk, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    monkeypatch.setattr(disk, "_read", lambda _file, _place: disk.TRIAL_BYTES)
    assert read_seconds(path) == pytest.approx(2 * share, rel=0.6)


def test_where_the_system_does_not_tell_reading_takes_no_time(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"x")
    monkeypatch.delattr(os, "RWF_NOWAIT", raising=False)
    assert read_seconds(path) == 0
