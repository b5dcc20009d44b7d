"""`slm-lsp models pull` from Hugging Face, from its name to a default model, with nothing played.

The real library, the real runtime, a tiny model; the server is one on this machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from slm_lsp.models import catalog, installed, record
from tests.harness.mirror import serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

NAME = "mellum-4b"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "slm_lsp", "models", *arguments],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_a_name_becomes_the_default_model(
    tiny_model: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    model = catalog.find(NAME)
    assert not model.sha256, "choose one that is not pinned"
    content = tiny_model("Mellum").read_bytes()
    with serving({model.file: content}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        pulled = run("pull", NAME, "--json")
    assert pulled.returncode == 0, pulled.stderr
    found = json.loads(pulled.stdout)
    assert (found["fetched"], found["vouched_by"]) == (True, "source")
    assert found["record"]["files"][0]["sha256"] == hashlib.sha256(content).hexdigest()
    assert "download" in pulled.stderr
    assert run("use", NAME).returncode == 0
    assert f"* {NAME}  Q8_0" in run("list").stdout
    assert run("verify", NAME).returncode == 0
    installed.verify(NAME)


def test_a_file_that_is_no_model_is_not_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with serving({catalog.find(NAME).file: b"GGUF" + bytes(1000)}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        pulled = run("pull", NAME)
    assert pulled.returncode == 1
    assert "is not a sound model file" in pulled.stderr
    assert installed.installed() == ()
