"""`slm-lsp models import`, from a file to a default model, with the real runtime."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

import pytest

from slm_lsp.cli import main
from slm_lsp.models import installed, record, runtime
from tests.harness.families import TINY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main.main(["models", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    ("family", "fills_in", "chats"),
    [("Phi-3 Mini", "", True), ("Mistral 7B", "", True), ("Mellum", "mellum", False)],
)
def test_a_file_becomes_the_default_model(
    family: str, fills_in: str, chats: bool, tiny_model: Callable[..., Path], capsys, tmp_path
) -> None:
    file = tmp_path / "Own-Q8_0.gguf"
    file.write_bytes(tiny_model(family, **{"general.license": "mit"}).read_bytes())
    code, out, _ = run(capsys, "import", str(file), "--json")
    assert code == 0
    found = json.loads(out)
    assert found["name"] == "own-q8_0"
    assert found["trial"] == {
        "architecture": TINY[family].architecture,
        "fills_in": fills_in,
        "chats": chats,
        "quantisation": "F32",
        "licence": "mit",
        "teaches": False,
    }
    assert run(capsys, "use", "own-q8_0")[0] == 0
    code, out, _ = run(capsys, "list")
    assert code == 0
    assert "* own-q8_0  F32" in out
    code, out, _ = run(capsys, "optimize", "own-q8_0")
    assert code == 0
    assert "own-q8_0 comes in one quantisation" in out
    assert "tokens/s here" in out


def test_what_is_printed_says_what_the_model_can_do(tiny_model, capsys, tmp_path) -> None:
    code, out, _ = run(capsys, "import", str(tiny_model("Mellum")), "--name", "mellum")
    assert code == 0
    assert "fills in (mellum), follows no instructions" in out
    assert "`slm-lsp models use mellum`" in out


def test_a_file_with_something_wrong_is_refused(tiny_model, capsys, tmp_path) -> None:
    file = tmp_path / "cut.gguf"
    file.write_bytes(tiny_model("Phi-3 Mini").read_bytes()[:-100])
    code, _, err = run(capsys, "import", str(file))
    assert code == 1
    assert "cut.gguf is not a sound model file" in err
    assert installed.installed() == ()


def test_a_file_that_ends_the_runtime_ends_only_the_trial(
    tiny_model, capsys, tmp_path, monkeypatch
) -> None:
    """The reader knows of no such file; so here it is told to know nothing."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import slm_lsp.inference.gguf.reader as gguf\ngguf.check_sizes = lambda *_: None\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(folder))
    key = b"phi3.block_count" + struct.pack("<I", 4)
    content = tiny_model("Phi-3 Mini").read_bytes()
    at = content.index(key) + len(key)
    file = tmp_path / "hostile.gguf"
    file.write_bytes(content[:at] + bytes(4) + content[at + 4 :])
    code, _, err = run(capsys, "import", str(file))
    assert code == 1
    assert "ended by signal 6" in err
    assert installed.installed() == ()
    assert runtime.CALM["GGML_NO_BACKTRACE"] == "1"
