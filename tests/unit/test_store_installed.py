"""From a name to a file that may be opened, and never to one that changed."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.doctor import model as doctor
from slm_lsp.errors import (
    ModelDamaged,
    ModelForbidden,
    ModelMissing,
    ModelUnknown,
    ModelUnusable,
    StoreError,
)
from slm_lsp.inference.client.launch import options_for
from slm_lsp.inference.endpoint import socket_path
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.worker.loading import load_model
from slm_lsp.models import installed, record, verification
from slm_lsp.models.catalog import CatalogModel
from slm_lsp.platform import cpu_features
from slm_lsp.settings import policy
from slm_lsp.settings.policy import Policy
from slm_lsp.settings.schema import Settings
from tests.unit.store_models import PAYLOAD, build_wheel, describe, install


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CatalogModel:
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "none"))
    found = describe(build_wheel(tmp_path / "wheels"))
    install(found)
    return found


def test_a_name_resolves_to_its_file_and_checksum(model: CatalogModel, tmp_path: Path) -> None:
    found = installed.resolve("tiny")
    assert found.path == tmp_path / "store" / "tiny" / "tiny.Q4_1.gguf"
    assert (found.sha256, found.kind) == (model.sha256, "gguf")
    installed.check(found)


def test_a_model_of_the_catalog_that_is_not_installed_says_how_to_get_it(
    model: CatalogModel,
) -> None:
    with pytest.raises(ModelMissing, match="slm-lsp models pull smollm2-135m"):
        installed.resolve("smollm2-135m")


@pytest.mark.parametrize("name", ["nope", "", "..", "../store/tiny", "/tiny", "tiny/", "tiny\n"])
def test_any_other_name_is_unknown(model: CatalogModel, name: str) -> None:
    with pytest.raises(ModelUnknown):
        installed.resolve(name)


@given(name=st.text(alphabet="tiny./\\~\0", max_size=12).filter(lambda name: name != "tiny"))
def test_no_name_leads_out_of_the_store(name: str) -> None:
    with pytest.raises(StoreError):
        installed.resolve(name)


def test_a_forged_note_convinces_nobody_who_does_not_trust_it(model: CatalogModel) -> None:
    found = installed.resolve("tiny")
    installed.check(found)
    note = found.path.with_name(f"{found.path.name}.verified")
    found.path.write_bytes(b"x" * len(PAYLOAD))
    seen = found.path.stat()
    forged = {"size": seen.st_size, "mtime_ns": seen.st_mtime_ns, "inode": seen.st_ino}
    note.write_bytes(msgspec.json.encode({"sha256": found.sha256, **forged}))
    installed.check(found)
    with pytest.raises(ModelDamaged):
        installed.check(found, trust_note=False)


def test_a_script_takes_the_place_of_a_model(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text("{}")
    found = installed.resolve(f"fake:{script}")
    assert (found.path, found.kind) == (script, "fake")
    installed.check(found)


@pytest.mark.parametrize("name", ["fake:", "fake:script.json", "fake:/no/such/script.json"])
def test_a_script_must_exist_under_an_absolute_path(name: str) -> None:
    with pytest.raises(ModelMissing, match="absolute path"):
        installed.resolve(name)


def test_a_file_is_hashed_once_until_it_looks_different(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = installed.resolve("tiny")
    hashed: list[Path] = []
    sha256_of = verification.sha256_of

    def counting(path: Path) -> str:
        hashed.append(path)
        return sha256_of(path)

    monkeypatch.setattr(verification, "sha256_of", counting)
    installed.check(found)
    installed.check(found)
    assert hashed == [found.path]
    os.utime(found.path, (1, 1))
    installed.check(found)
    installed.check(found)
    assert hashed == [found.path] * 2


@pytest.mark.parametrize("content", [b"", b'{"sha256":"\xff"}', b'{"x":' + b"[" * 100_000])
def test_a_damaged_note_says_nothing(model: CatalogModel, content: bytes) -> None:
    found = installed.resolve("tiny")
    noted = found.path.with_name(f"{found.path.name}.verified")
    noted.write_bytes(content)
    installed.check(found)
    assert noted.read_bytes() != content


def test_a_changed_file_is_refused(model: CatalogModel) -> None:
    found = installed.resolve("tiny")
    installed.check(found)
    found.path.write_bytes(PAYLOAD[:-1] + b"\0")
    for _ in range(2):
        with pytest.raises(ModelDamaged, match=r"checksum; `slm-lsp models pull tiny`"):
            installed.check(found)


def test_a_missing_file_is_refused(model: CatalogModel) -> None:
    found = installed.resolve("tiny")
    found.path.unlink()
    with pytest.raises(ModelDamaged, match="models pull tiny"):
        installed.check(found)


def test_verify_believes_no_note(model: CatalogModel) -> None:
    found = installed.resolve("tiny")
    installed.check(found)
    looked = found.path.stat()
    with found.path.open("r+b") as file:
        file.write(b"X")
    os.utime(found.path, ns=(looked.st_atime_ns, looked.st_mtime_ns))
    installed.check(found)  # looks the same; this is the price of a fast start
    with pytest.raises(ModelDamaged):
        installed.verify("tiny")


def test_a_note_is_worthless_for_another_checksum(model: CatalogModel) -> None:
    found = installed.resolve("tiny")
    installed.check(found)
    with pytest.raises(ModelDamaged):
        installed.check(msgspec.structs.replace(found, sha256="0" * 64))


def test_a_read_only_store_serves(model: CatalogModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, data: bytes) -> None:
        raise PermissionError(30, "Read-only file system", str(path))

    monkeypatch.setattr(record, "replace", refuse)
    found = installed.resolve("tiny")
    installed.check(found)
    installed.check(found)
    assert installed.installed()[0].name == "tiny"


UNREADABLE = (b"", b"{}", b"\xff", b"[]", b'{"name":"\xff"}', b'{"x":' + b"[" * 100_000)


@pytest.mark.parametrize("content", UNREADABLE)
def test_an_unreadable_record_is_reported_as_damage(model: CatalogModel, content: bytes) -> None:
    (record.folder("tiny") / "record.json").write_bytes(content)
    with pytest.raises(ModelDamaged, match="models pull tiny"):
        installed.resolve("tiny")


@pytest.mark.parametrize(
    ("name", "file", "in_use"),
    [
        ("other", "tiny.gguf", "tiny.gguf"),
        ("tiny", "tiny.gguf", "other.gguf"),
        ("tiny", "../tiny.gguf", "../tiny.gguf"),
        ("tiny", "/tiny.gguf", "/tiny.gguf"),
    ],
)
def test_a_record_that_contradicts_itself_is_reported_as_damage(
    model: CatalogModel, name: str, file: str, in_use: str
) -> None:
    described = record.ModelFile(file, "Q4_1", 0, "")
    written = record.Record(name, "", "", (described,), in_use)
    (record.folder("tiny") / "record.json").write_bytes(msgspec.json.encode(written))
    with pytest.raises(ModelDamaged, match="contradicts itself"):
        installed.resolve("tiny")


def test_an_interrupted_write_leaves_the_old_record(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = record.read("tiny")
    assert before is not None

    def interrupt(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        record.write(msgspec.structs.replace(before, licence="MIT"))
    assert record.read("tiny") == before
    assert sorted(path.name for path in record.folder("tiny").iterdir()) == [
        "record.json",
        "tiny.Q4_1.gguf",
    ]


def with_adapter(payload: bytes) -> record.ModelFile:
    """Give the installed model an adapter, and return how it is recorded."""
    before = installed.get("tiny")
    path = record.folder("tiny") / "adapter.gguf"
    path.write_bytes(payload)
    file = record.ModelFile("adapter.gguf", "LoRA", len(payload), verification.sha256_of(path))
    changed = {"files": (before.files[0], file), "adapter": file.file}
    record.write(msgspec.structs.replace(before, **changed))
    return file


def test_an_adapter_is_checked_as_the_weights_are(model: CatalogModel) -> None:
    file = with_adapter(b"GGUF adapter")
    found = installed.resolve("tiny")
    assert found.adapter == record.folder("tiny") / "adapter.gguf"
    assert found.adapter_sha256 == file.sha256
    installed.check(found)
    found.adapter.write_bytes(b"GGUF another")
    with pytest.raises(ModelDamaged, match=r"adapter\.gguf does not have its"):
        installed.check(found)


def test_the_engine_and_doctor_ask_the_policy_about_both(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = with_adapter(b"GGUF adapter")
    settings = Settings(model="tiny")
    for allowed, forbidden in ((model.sha256, file.sha256), (file.sha256, model.sha256)):
        rules = Policy(allowed_models=(allowed,))
        monkeypatch.setattr(policy, "load", lambda rules=rules: rules)
        [found] = [one for one in doctor.look(settings) if one.name == "checksum"]
        assert (found.state, forbidden in found.detail) == ("failed", True)
        with pytest.raises(ModelForbidden, match=forbidden):
            load_model(options_for(settings), AbortFlag())
    monkeypatch.setattr(policy, "load", Policy)
    [found] = [one for one in doctor.look(settings) if one.name == "checksum"]
    assert found.state == "ok"
    assert all(sha256[:12] in found.detail for sha256 in (model.sha256, file.sha256))


def test_a_processor_that_is_too_old_is_told_before_anything_is_loaded(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu_features, "missing_features", lambda: ("popcnt", "ssse3"))
    with pytest.raises(ModelUnusable, match="of 2009 or newer; this one lacks popcnt, ssse3"):
        load_model(options_for(Settings(model="tiny")), AbortFlag())


def test_a_runtime_whose_libraries_are_missing_is_told_as_one_sentence(
    model: CatalogModel, tmp_path: Path
) -> None:
    program = (
        "from slm_lsp.settings.schema import Settings\n"
        "from slm_lsp.inference.client import launch\n"
        "from slm_lsp.inference.worker import loading\n"
        "from slm_lsp.inference import model\n"
        "options = launch.options_for(Settings(model='tiny'))\n"
        "loading.load_model(options, model.AbortFlag())\n"
    )
    environ = os.environ | {"LLAMA_CPP_LIB_PATH": str(tmp_path)}
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("slm_lsp.errors.ModelUnusable: The model runtime cannot be loaded: ")


def test_a_record_that_names_an_adapter_it_does_not_have_is_damaged(model: CatalogModel) -> None:
    record.write(msgspec.structs.replace(installed.get("tiny"), adapter="adapter.gguf"))
    with pytest.raises(ModelDamaged, match="contradicts itself"):
        installed.resolve("tiny")


def test_another_adapter_means_another_engine(model: CatalogModel) -> None:
    settings = Settings(model="tiny")
    plain = options_for(settings)
    with_adapter(b"GGUF adapter")
    first = options_for(settings)
    with_adapter(b"GGUF another")
    assert len({socket_path(it) for it in (plain, first, options_for(settings))}) == 3
