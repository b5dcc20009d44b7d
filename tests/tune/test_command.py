"""`slm-lsp tune`, from a folder to a model in the store, with the real runtime."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import slm_lsp
from slm_lsp.cli import main, tune
from slm_lsp.errors import ModelDamaged
from slm_lsp.models import installed, record
from slm_lsp.settings import policy
from slm_lsp.training.lock import locked

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCES = sorted(Path(slm_lsp.__file__).parent.joinpath("inference").rglob("*.py"))


@pytest.fixture(autouse=True)
def places(tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    settings = tmp_path / "config" / "slm-lsp" / "slm-lsp.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('[engine]\nsharing = "private"\n')
    assert main.main(["models", "import", str(tiny_base), "--name", "tiny"]) == 0
    capsys.readouterr()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "acme"
    folder.mkdir()
    for source in SOURCES:
        shutil.copy(source, folder)
    return folder


def run(*arguments: str | Path) -> tuple[int, str, str]:
    """Run the command in a process of its own, which takes its engines along."""
    command = [sys.executable, "-m", "slm_lsp", "tune", *map(str, arguments)]
    command += ["--base", "tiny", "--minutes", "0.001"]
    environ = os.environ | {"OMP_NUM_THREADS": "1"}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def test_a_folder_becomes_a_model(repository: Path, tmp_path: Path, capsys):
    out_file = tmp_path / "adapter.gguf"
    code, out, err = run(repository, "--holes", "6", "--json", "--out", out_file)
    assert code == 0, err
    found = json.loads(out)
    assert found["name"] == "tiny-acme"
    assert found["before"]["n"] == found["after"]["n"] == 6
    assert found["tokens"] > 0
    written = record.read("tiny-acme")
    assert written is not None
    assert [it.file for it in written.files] == ["model.gguf", "adapter.gguf", "merged.gguf"]
    assert written.in_use == "merged.gguf"
    assert out_file.stat().st_size < 40e6
    installed.check(installed.resolve("tiny-acme"))
    assert not list((tmp_path / "cache" / "slm-lsp" / "tune").iterdir())

    # Elsewhere the file is enough, beside the same base.
    shared = ["models", "import", str(out_file), "--base", "tiny"]
    assert main.main([*shared, "--name", "shared"]) == 0
    assert main.main(["models", "use", "shared"]) == 0
    assert "is the default model now" in capsys.readouterr().out
    assert main.main([*shared[:3], "--base", "tiny-acme", "--name", "twice"]) == 1
    assert "has an adapter itself" in capsys.readouterr().err


def test_what_is_changed_afterwards_is_not_opened(repository: Path, tmp_path: Path):
    assert run(repository, "--holes", "1", "--json")[0] == 0
    place = tmp_path / "store" / "tiny-acme" / "merged.gguf"
    place.write_bytes(place.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelDamaged):
        installed.check(installed.resolve("tiny-acme"))


def test_too_little_is_refused(tmp_path: Path):
    (tmp_path / "few").mkdir()
    for source in SOURCES[:3]:
        shutil.copy(source, tmp_path / "few")
    code, _, err = run(tmp_path / "few")
    assert code == 1
    assert "Name more folders" in err


def test_secrets_are_refused(repository: Path):
    for source in sorted(repository.iterdir()):
        key = f"aws_secret_access_key = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCY{source.stem[:4]:x<4}EKEY'\n"
        source.write_text(source.read_text("utf-8") + key, "utf-8")
    code, _, err = run(repository)
    assert code == 1
    assert "passwords, keys or tokens" in err


@pytest.mark.parametrize("given", [["--minutes", "0"], ["--minutes", "x"], ["--holes", "0"]])
def test_wrong_usage(repository: Path, given: Sequence[str]):
    with pytest.raises(SystemExit) as ended:
        main.main(["tune", str(repository), *given])
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("given", "code", "about"),
    [
        (["--out", "missing/adapter.gguf"], 2, "in an existing folder"),
        (["--out", "acme"], 2, "in an existing folder"),
        (["--name", "tiny"], 1, "Another model is called 'tiny'"),
    ],
)
def test_what_could_not_be_kept_is_not_made(
    given: Sequence[str], code: int, about: str, repository: Path, tmp_path: Path, capsys
):
    assert main.main(["tune", str(repository), "--base", "tiny", *given]) == code
    assert about in capsys.readouterr().err
    assert not (tmp_path / "cache").exists()


def test_what_the_administrator_could_not_have_listed_is_not_made(
    repository: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
):
    listed = installed.get("tiny").used.sha256
    monkeypatch.setattr(policy, "load", lambda: policy.Policy(allowed_models=(listed,)))
    assert main.main(["tune", str(repository), "--base", "tiny"]) == 1
    assert "allows listed models only" in capsys.readouterr().err
    assert not (tmp_path / "cache").exists()


def test_two_do_not_train_the_same(repository: Path, tmp_path: Path):
    with locked(tmp_path / "cache" / "slm-lsp" / "tune" / "tiny-acme"):
        code, _, err = run(repository)
    assert code == 1
    assert "Another process is training" in err
    assert "Traceback" not in err


def test_without_the_extra_it_says_what_to_install(
    repository: Path, capsys, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tune, "find_spec", lambda _: None)
    assert main.main(["tune", str(repository)]) == 1
    assert "pip install 'slm-lsp[tune]'" in capsys.readouterr().err


def test_an_adapter_for_another_model_is_refused(
    repository: Path, tmp_path: Path, tiny_base: Path, capsys
):
    code = main.main(["models", "import", str(tiny_base), "--base", "tiny", "--name", "wrong"])
    assert code == 1
    assert "no LoRA adapter" in capsys.readouterr().err
    assert record.read("wrong") is None


def test_after_ctrl_c_the_same_command_goes_on(repository: Path):
    command = [sys.executable, "-m", "slm_lsp", "tune", str(repository), "--base", "tiny"]
    command += ["--minutes", "0.15", "--holes", "1", "--json"]
    environ = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "files to learn from" in process.stderr.readline()
        first = steps(process.stderr.readline())
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "the same command goes on from here" in said
    again = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    second = steps(again.stderr.splitlines()[1])
    assert first[0] == 1
    assert second[0] > 1
    assert first[1] == second[1]


def steps(line: str) -> list[int]:
    """Return the step and the number of all steps that a line of progress tells."""
    return [int(it.replace(",", "")) for it in line.partition(", ")[0].split()[1::2]]
