"""A model file of the user's own gets into the store whole and tried, or not at all."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import msgspec
import pytest

from slm_lsp.errors import (
    ModelUnusable,
    NameTaken,
    StoreError,
    WrongChecksum,
)
from slm_lsp.models import (
    catalog,
    installed,
    record,
    runtime,
)
from slm_lsp.models.import_model import FILE, import_model
from slm_lsp.models.record import Trial
from slm_lsp.models.sources import transfer
from tests.unit.store_models import quiet

CONTENT = b"GGUF" + bytes(1000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
TRIAL = Trial("phi3", "", chats=True, quantisation="Q4_K", licence="mit")


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "none"))
    monkeypatch.setattr(runtime, "attempt", lambda _path, _threads: TRIAL)
    return tmp_path / "store"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Phi-3-mini.gguf"
    path.write_bytes(CONTENT)
    return path


def left_over(store: Path) -> list[str]:
    return sorted(it.name for it in store.iterdir() if it.name != ".lock")


def test_it_is_linked_recorded_and_sound(file: Path, store: Path) -> None:
    found, trial = import_model(file, "phi", "", quiet)
    assert trial == TRIAL
    assert (found.origin, found.licence) == ("Phi-3-mini.gguf", "mit")
    assert found.used == record.ModelFile(FILE, "Q4_K", len(CONTENT), SHA256)
    model = installed.resolve("phi")
    installed.check(model)
    assert model.path.samefile(file)
    assert left_over(store) == ["phi"]


@pytest.fixture
def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)


@pytest.mark.usefixtures("without_links")
def test_a_file_name_may_have_any_bytes(file: Path, tmp_path: Path) -> None:
    named = tmp_path / "na\udcffme.gguf"
    file.rename(named)
    assert import_model(named, "phi", "", quiet)[0].origin == "na\ufffdme.gguf"


def test_links_in_a_circle_are_no_file(tmp_path: Path) -> None:
    (tmp_path / "circle.gguf").symlink_to("circle.gguf")
    with pytest.raises(StoreError, match="There is no file"):
        import_model(tmp_path / "circle.gguf", "phi", "", quiet)


@pytest.mark.usefixtures("without_links")
def test_where_no_link_can_be_made_it_is_copied(file: Path) -> None:
    import_model(file, "phi", SHA256.upper(), quiet)
    copy = installed.resolve("phi").path
    assert copy.read_bytes() == CONTENT
    assert not copy.samefile(file)
    file.write_bytes(b"")
    installed.verify("phi")


def test_a_file_that_is_still_being_written_is_not_taken_in(
    file: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was linked, so what is written to it afterwards would be in the store, unchecked."""

    def attempt(_path: Path, _threads: int) -> Trial:
        with file.open("ab") as still:
            still.write(b"more")
        return TRIAL

    monkeypatch.setattr(runtime, "attempt", attempt)
    with pytest.raises(WrongChecksum, match="changed while it was taken in"):
        import_model(file, "phi", "", quiet)
    assert left_over(store) == []


def test_what_is_replaced_leaves_no_file_behind(file: Path, store: Path) -> None:
    import_model(file, "phi", "", quiet)
    (store / "phi" / "phi.Q8_0.gguf").write_bytes(bytes(1000))
    installed.resolve("phi").path.unlink()
    import_model(file, "phi", "", quiet)
    files = sorted(path.name for path in (store / "phi").iterdir())
    assert files == [FILE, f"{FILE}.verified", "record.json"]


def test_a_store_that_may_not_be_written_says_what_to_do(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere, so the system's part of it is played."""

    def refuse(path: Path, **_options: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match=record.STORE_VARIABLE):
        import_model(file, "phi", "", quiet)


def test_a_copy_that_was_interrupted_goes_on(
    file: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And never writes into the user's own file, whatever was left behind."""

    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    def interrupt(_stage: str, done: int, _total: int) -> None:
        if done >= 400:
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    monkeypatch.setattr(transfer, "CHUNK", 100)
    with pytest.raises(KeyboardInterrupt):
        import_model(file, "phi", "", interrupt)
    assert installed.installed() == ()
    copied: list[int] = []
    import_model(file, "phi", "", lambda stage, done, _: copied.append(done) if done else None)
    assert copied[0] == 500
    assert installed.resolve("phi").path.read_bytes() == CONTENT
    assert left_over(store) == ["phi"]


def test_a_name_that_is_taken_leaves_no_copy(
    file: Path, tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    import_model(file, "phi", "", quiet)
    other = tmp_path / "other.gguf"
    other.write_bytes(CONTENT + b"x")
    with pytest.raises(NameTaken):
        import_model(other, "phi", "", quiet)
    assert left_over(store) == ["phi"]


def test_a_link_to_a_file_is_followed(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.gguf"
    link.symlink_to(file)
    import_model(link, "phi", "", quiet)
    assert not installed.resolve("phi").path.is_symlink()


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "phi 3", "smollm2-135m", "slm-fim-135m"])
def test_a_name_that_cannot_be_used_is_refused(name: str, file: Path, store: Path) -> None:
    with pytest.raises(StoreError, match="another"):
        import_model(file, name, "", quiet)
    assert not store.exists()


def test_another_model_keeps_its_name(file: Path, tmp_path: Path) -> None:
    import_model(file, "phi", "", quiet)
    other = tmp_path / "other.gguf"
    other.write_bytes(CONTENT + b"x")
    with pytest.raises(StoreError, match="Another model is called 'phi'"):
        import_model(other, "phi", "", quiet)
    installed.verify("phi")


def test_the_same_file_may_come_again(file: Path, store: Path) -> None:
    assert import_model(file, "phi", "", quiet) == import_model(file, "phi", "", quiet)
    installed.verify("phi")
    assert left_over(store) == ["phi"]


def test_a_damaged_model_is_replaced(file: Path, tmp_path: Path) -> None:
    import_model(file, "phi", "", quiet)
    installed.resolve("phi").path.unlink()
    other = tmp_path / "other.gguf"
    other.write_bytes(CONTENT + b"x")
    import_model(other, "phi", "", quiet)
    assert installed.verify("phi").origin == "other.gguf"


def test_another_checksum_than_the_one_given_is_refused(file: Path, store: Path) -> None:
    with pytest.raises(StoreError, match=re.escape(SHA256)):
        import_model(file, "phi", "0" * 64, quiet)
    assert left_over(store) == []


def test_the_checksum_of_the_catalog_counts_too(
    file: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = msgspec.structs.replace(catalog.find("phi-3-mini"), sha256="1" * 64)
    monkeypatch.setattr(catalog, "models", lambda: (known,))
    with pytest.raises(StoreError, match="1" * 64):
        import_model(file, "phi-3-mini", "", quiet)
    assert left_over(store) == []
    import_model(file, "another", "", quiet)


def test_a_file_that_does_not_run_leaves_nothing(
    file: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, _threads: int) -> Trial:
        raise ModelUnusable("The model runtime was ended by signal 6.")

    monkeypatch.setattr(runtime, "attempt", refuse)
    with pytest.raises(ModelUnusable, match="signal 6"):
        import_model(file, "phi", "", quiet)
    assert left_over(store) == []
    assert file.read_bytes() == CONTENT


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no file .*nothing\.gguf"):
        import_model(tmp_path / "nothing.gguf", "phi", "", quiet)


def test_a_full_disk_is_noticed_before_the_copy(
    file: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise OSError

    def full(size: int) -> None:
        assert size == len(CONTENT)
        raise StoreError("full")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    monkeypatch.setattr(transfer, "require_space", full)
    with pytest.raises(StoreError, match="full"):
        import_model(file, "phi", "", quiet)
    assert left_over(store) == []
