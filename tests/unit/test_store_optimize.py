"""Choosing the fastest quantisation of equal quality, with a scripted model runtime."""

import json
import os
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.cli.model_list import described
from slm_lsp.errors import ModelForbidden, ModelMissing, ModelUnusable
from slm_lsp.models import (
    installed,
    optimize,
    record,
    runtime,
)
from slm_lsp.models.catalog import CatalogModel
from slm_lsp.models.record import (
    TYPICAL,
    Case,
    Measured,
    Record,
    Speed,
)
from slm_lsp.platform.machine import this_machine
from slm_lsp.settings import policy
from slm_lsp.settings.policy import Policy
from tests.unit.store_models import PAYLOAD, build_wheel, describe, install, quiet


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CatalogModel:
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    return describe(build_wheel(tmp_path / "wheels"))


class Runtime:
    """Answers as `inference.programs.quantize` does. An entry of None cannot be measured."""

    def __init__(self, request_ms: dict[str, float | None], exact_match: dict[str, float]) -> None:
        self.request_ms = request_ms
        self.exact_match = exact_match
        self.calls: list[str] = []

    def __call__(self, action: str, *arguments: str) -> bytes:
        if action == "requantize":
            source, target, type_name = arguments
            self.calls.append(type_name)
            Path(target).write_bytes(Path(source).read_bytes() + type_name.encode())
            return b""
        path, threads, *cases = arguments
        assert int(threads) >= 1
        assert Path(path).exists()
        name = next(name for name in self.request_ms if name in Path(path).name)
        taken = self.request_ms[name]
        if taken is None:
            raise ModelUnusable("It crashed.")
        if action == "quality":
            return msgspec.json.encode(self.exact_match.get(name, 0.4))
        assert action == "measure"
        assert set(msgspec.json.decode(cases[0], type=list[Case])) == {TYPICAL}
        return msgspec.json.encode([Speed(640.0, 100.0, taken)])


def run(
    model: CatalogModel,
    request_ms: dict[str, float | None],
    monkeypatch: pytest.MonkeyPatch,
    exact_match: dict[str, float] | None = None,
) -> tuple[Record, Runtime]:
    scripted = Runtime(request_ms, exact_match or {})
    monkeypatch.setattr(runtime, "run", scripted)
    return optimize.optimize(model, threads=0, progress=quiet), scripted


def files(model: CatalogModel) -> set[str]:
    return {path.name for path in record.folder(model.name).glob("*.gguf")}


def test_the_fastest_is_used_and_the_shipped_one_kept(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(model)
    assert not optimize.optimized("tiny")
    found, scripted = run(model, {"Q4_1": 500.0, "Q8_0": 300.0}, monkeypatch)
    assert scripted.calls == ["Q8_0"]  # Q4_0 would lose too much quality to be tried
    assert found == installed.get("tiny")
    assert found.used.quantisation == "Q8_0"
    assert found.measured is not None
    assert found.measured.speeds["Q4_1"].request_ms == 500.0
    assert files(model) == {"tiny.Q4_1.gguf", "tiny.Q8_0.gguf"}
    installed.verify("tiny")
    opened = installed.resolve("tiny")
    installed.check(opened)
    assert opened.path.read_bytes() == PAYLOAD + b"Q8_0"
    assert optimize.optimized("tiny")


def test_with_a_list_of_allowed_models_none_is_made_that_is_not_on_it(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(model)
    run(model, {"Q4_1": 500.0, "Q8_0": 300.0}, monkeypatch)
    monkeypatch.setattr(policy, "load", lambda: Policy(allowed_models=(model.sha256,)))
    found, scripted = run(model, {"Q4_1": 500.0, "Q8_0": 300.0}, monkeypatch)
    assert scripted.calls == []
    assert found.used.sha256 == model.sha256
    assert files(model) == {"tiny.Q4_1.gguf"}
    monkeypatch.setattr(policy, "load", lambda: Policy(allowed_models=()))
    with pytest.raises(ModelForbidden):
        run(model, {"Q4_1": 500.0}, monkeypatch)


def test_the_shipped_one_stays_where_it_is_the_fastest(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(model)
    found, _ = run(model, {"Q4_1": 300.0, "Q8_0": 300.1}, monkeypatch)
    assert found.used.quantisation == "Q4_1"
    assert files(model) == {"tiny.Q4_1.gguf"}


def test_a_fast_one_that_lost_quality_is_not_used(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(model)
    speeds: dict[str, float | None] = {"Q4_1": 500.0, "Q8_0": 300.0}
    found, _ = run(model, speeds, monkeypatch, {"Q4_1": 0.4, "Q8_0": 0.325})
    assert found.used.quantisation == "Q4_1"
    assert found.measured is not None
    assert found.measured.exact_match == {"Q4_1": 0.4, "Q8_0": 0.325}
    assert files(model) == {"tiny.Q4_1.gguf"}


@given(
    holes=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    ms=st.lists(st.floats(1, 1000), min_size=4, max_size=4),
)
def test_the_choice_is_the_fastest_within_the_margin(holes: list[int], ms: list[float]) -> None:
    speeds = {str(at): Speed(1.0, 1.0, ms[at]) for at in range(len(holes))}
    shares = {str(at): filled / 40 for at, filled in enumerate(holes)}
    chosen = int(optimize.choose(Measured("here", 1, speeds, {}, shares)))
    assert holes[chosen] >= max(holes) - 2
    for at, filled in enumerate(holes):
        if filled >= max(holes) - 2:
            assert ms[chosen] <= ms[at]


def test_records_from_before_quality_was_measured_are_read(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(model)
    run(model, {"Q4_1": 500.0, "Q8_0": 300.0}, monkeypatch)
    path = record.folder("tiny") / "record.json"
    content = json.loads(path.read_text())
    del content["measured"]["exact_match"]
    path.write_text(json.dumps(content))
    found = installed.get("tiny")
    assert found.measured is not None
    assert found.measured.exact_match == {}
    assert optimize.optimized("tiny")
    assert "tokens/s" in described(found)
    assert "holes" not in described(found)


def test_the_list_of_models_tells_the_quality(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(model)
    found, _ = run(model, {"Q4_1": 500.0, "Q8_0": 300.0}, monkeypatch, {"Q4_1": 0.425})
    assert "Q4_1 42%, Q8_0 40%" in described(found)


def test_what_lost_on_a_new_measurement_is_removed(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(model)
    run(model, {"Q4_1": 500.0, "Q8_0": 300.0}, monkeypatch)
    run(model, {"Q4_1": 200.0, "Q8_0": 300.0}, monkeypatch)
    installed.check(installed.resolve("tiny"))
    names = {path.name for path in record.folder("tiny").iterdir()}
    assert names == {"record.json", "tiny.Q4_1.gguf", "tiny.Q4_1.gguf.verified"}


def test_a_candidate_that_crashes_is_left_out_and_reported(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(model)
    found, _ = run(model, {"Q4_1": 500.0, "Q8_0": None}, monkeypatch)
    assert found.used.quantisation == "Q4_1"
    assert found.measured is not None
    assert found.measured.failures == {"Q8_0": "It crashed."}


def test_a_model_that_does_not_run_at_all_stays_as_it_was(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = install(model)
    with pytest.raises(ModelUnusable, match=r"'tiny' does not run: .*It crashed"):
        run(model, {"Q4_1": None, "Q8_0": None}, monkeypatch)
    assert installed.get("tiny") == before


def test_a_measurement_of_another_machine_does_not_count(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(model)
    run(model, {"Q4_1": 500.0, "Q8_0": 300.0}, monkeypatch)
    monkeypatch.setattr(optimize, "this_machine", lambda: "another")
    assert not optimize.optimized("tiny")


def test_a_model_that_is_not_installed_cannot_be_optimized(model: CatalogModel) -> None:
    with pytest.raises(ModelMissing):
        optimize.optimized("smollm2-135m")


@pytest.mark.parametrize(
    ("script", "match"),
    [
        ("kill -SEGV $$", "ended by signal 11"),
        ("echo first >&2; echo The reason. >&2; exit 1", r"^The reason\.$"),
        ("exit 3", "without a reason"),
        ("exec sleep 60", "no answer in 0.2 s"),
    ],
)
def test_a_failing_runtime_becomes_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, match: str
) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(runtime, "_TIMEOUT_S", 0.2)
    with pytest.raises(ModelUnusable, match=match):
        runtime.measure(Path("x"), 1, [TYPICAL])


def test_this_machine_has_a_name() -> None:
    assert f"{os.cpu_count()} logical cores" in this_machine()
