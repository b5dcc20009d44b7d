"""Stores for all users of a machine, and taking models out of one's own."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import platformdirs
import pytest

from slm_lsp.bundle import creation
from slm_lsp.errors import ModelDamaged, ModelMissing, ModelShared
from slm_lsp.models import (
    installed,
    optimize,
    record,
    verification,
)
from slm_lsp.models.directory import remove, size_of, unfinished
from slm_lsp.models.download import pull
from slm_lsp.models.import_model import import_model
from tests.unit.store_models import PAYLOAD, build_wheel, describe, install, quiet

if TYPE_CHECKING:
    from slm_lsp.models.catalog import CatalogModel


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "own"
    monkeypatch.setenv(record.STORE_VARIABLE, str(place))
    monkeypatch.setattr(
        platformdirs,
        "site_data_dir",
        lambda name, multipath: f"{tmp_path}/none/{name}:{tmp_path}/site/{name}",
    )
    return place


@pytest.fixture
def model(tmp_path: Path) -> CatalogModel:
    return describe(build_wheel(tmp_path / "wheels"))


@pytest.fixture
def shared(own: Path, tmp_path: Path, model: CatalogModel) -> Path:
    """A store for all users with one model, as whoever looks after it made it."""
    place = tmp_path / "site" / "slm-lsp" / "models"
    install(model)
    place.parent.mkdir(parents=True)
    own.rename(place)
    return place


def content(folder: Path) -> dict[str, tuple[int, int]]:
    found = [(path, path.stat()) for path in folder.rglob("*") if path.is_file()]
    return {str(path): (seen.st_size, seen.st_mtime_ns) for path, seen in found}


def test_its_models_are_used_like_ones_own(shared: Path) -> None:
    found = installed.resolve("tiny")
    assert found.path == shared / "tiny" / "tiny.Q4_1.gguf"
    installed.check(found)
    assert installed.verify("tiny") in installed.installed()
    assert record.is_shared("tiny")


def test_they_go_into_a_bundle(shared: Path, tmp_path: Path) -> None:
    added, _part = creation._add_model("tiny", tmp_path / "bundle")
    held = (tmp_path / "bundle" / added.file).read_bytes()
    assert held == (shared / "tiny" / "tiny.Q4_1.gguf").read_bytes()


def test_nothing_is_fetched_or_written_for_what_is_there(
    shared: Path, model: CatalogModel, own: Path
) -> None:
    before = content(shared)
    assert pull(model, offline=True, progress=quiet) is None
    for change in (
        lambda: remove("tiny", quiet),
        lambda: optimize.optimize(model, threads=1, progress=quiet),
    ):
        with pytest.raises(ModelShared, match=str(shared)):
            change()
    assert content(shared).items() >= before.items()


def test_ones_own_counts_where_both_have_the_name(
    shared: Path, model: CatalogModel, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = PAYLOAD + b"own"
    install(
        msgspec.structs.replace(model, size=len(other), sha256=hashlib.sha256(other).hexdigest()),
        other,
    )
    assert installed.resolve("tiny").path.read_bytes() == other
    assert [one.name for one in installed.installed()] == ["tiny"]
    assert remove("tiny", quiet) >= len(other)
    assert installed.resolve("tiny").path.read_bytes() == PAYLOAD
    assert not (own / "tiny").exists()


def test_a_file_of_ones_own_may_have_the_name_of_a_shared_one(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = record.Trial("phi3", "", chats=True, quantisation="Q4_K", licence="mit")
    monkeypatch.setattr("slm_lsp.models.runtime.attempt", lambda _path, _threads: trial)
    file = tmp_path / "mine.gguf"
    file.write_bytes(b"GGUF mine")
    import_model(file, "tiny", "", quiet)
    assert not record.is_shared("tiny")


def test_a_damaged_one_is_replaced_in_ones_own_store(
    shared: Path, model: CatalogModel, own: Path, tmp_path: Path
) -> None:
    share = tmp_path / "share"
    share.mkdir()
    (share / model.file).write_bytes(PAYLOAD)
    (shared / "tiny" / model.file).write_bytes(b"damaged")
    with pytest.raises(ModelDamaged):
        installed.verify("tiny")
    assert pull(model, offline=False, progress=quiet, source=str(share))
    assert installed.resolve("tiny").path.parent == own / "tiny"
    assert (shared / "tiny" / model.file).read_bytes() == b"damaged"


def test_a_file_that_cannot_be_noted_beside_it_is_hashed_once_all_the_same(
    shared: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even root is kept from writing into the shared store here."""
    replace = record.replace

    def guarded(path: Path, data: bytes) -> None:
        if path.is_relative_to(shared):
            raise PermissionError(30, "Read-only file system", str(path))
        replace(path, data)

    hashed: list[Path] = []
    sha256_of = verification.sha256_of

    def counting(path: Path) -> str:
        hashed.append(path)
        return sha256_of(path)

    monkeypatch.setattr(record, "replace", guarded)
    monkeypatch.setattr(verification, "sha256_of", counting)
    found = installed.resolve("tiny")
    for _ in range(2):
        installed.check(found)
    assert hashed == [found.path]
    found.path.write_bytes(PAYLOAD[:-1] + b"\0")
    with pytest.raises(ModelDamaged):
        installed.check(found)


def test_the_store_of_whoever_looks_after_it_is_no_other_one(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(record.STORE_VARIABLE, str(shared))
    assert not record.is_shared("tiny")
    assert record.names() == ("tiny",)
    remove("tiny", quiet)
    assert record.names() == ()


def test_what_is_removed_is_gone_whatever_state_it_was_in(model: CatalogModel, own: Path) -> None:
    install(model)
    (record.folder("tiny") / "record.json").write_bytes(b"damaged")
    unfinished("tiny").mkdir(parents=True)
    (unfinished("tiny") / "half").write_bytes(b"12345")
    assert remove("tiny", quiet) == len(PAYLOAD) + len(b"damaged") + 5
    assert [path.name for path in own.rglob("*") if path.is_file()] == [".lock"]


def test_what_another_process_removes_meanwhile_has_no_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half").write_bytes(b"12345")
    monkeypatch.setattr(os, "walk", lambda folder: [(str(folder), [], ["half", ".tmp-gone"])])
    assert size_of(tmp_path) == 5


@pytest.mark.parametrize("name", ["nope", "", "..", ".unfinished", "../own"])
def test_nothing_else_can_be_removed(name: str, model: CatalogModel, own: Path) -> None:
    install(model)
    with pytest.raises(ModelMissing, match="There is nothing"):
        remove(name, quiet)
    installed.verify("tiny")


def test_a_removal_that_is_killed_leaves_no_half_model(
    model: CatalogModel, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(model)

    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(shutil, "rmtree", die)
    with pytest.raises(Killed):
        remove("tiny", quiet)
    monkeypatch.undo()
    monkeypatch.setenv(record.STORE_VARIABLE, str(own))
    assert record.names() == ()
    assert list(own.glob(".work-*"))
    install(msgspec.structs.replace(model, name="two"))
    remove("two", quiet)
    assert not list(own.glob(".work-*"))


def test_a_store_that_may_not_be_looked_into_is_none(
    shared: Path, model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may look everywhere, so the system's part of it is played."""
    exists = Path.exists

    def refuse(path: Path) -> bool:
        if path.is_relative_to(shared):
            raise PermissionError(13, "Permission denied", str(path))
        return exists(path)

    monkeypatch.setattr(Path, "exists", refuse)
    assert record.read("tiny") is None
    install(model)
    assert installed.resolve("tiny").path.parent == record.folder("tiny")
