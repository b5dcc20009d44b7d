"""`slm-lsp bench` with a real model."""

import json

import pytest

from slm_lsp import models
from slm_lsp.cli import main

pytestmark = pytest.mark.model


def test_the_figures_agree_with_each_other(
    small_model: models.InstalledModel, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "slm-lsp").mkdir()
    (tmp_path / "slm-lsp" / "slm-lsp.toml").write_text(f'model = "{small_model.name}"\n')
    assert main.main(["bench", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["model"] == small_model.name
    assert report["decode_tokens_per_s"] > 0
    assert report["typing_ms"] > 0
    read_ms = report["window_tokens"] / report["prefill_tokens_per_s"] * 1e3
    assert read_ms < report["jump_ms"]
    assert 0 <= report["tokens_in_budget"] <= report["window_tokens"]
    expected = {one["name"]: one["expected_ms"] for one in report["auto"]}
    assert min(expected.values()) == expected[small_model.name] > 0
    assert report["recommended"] in expected
