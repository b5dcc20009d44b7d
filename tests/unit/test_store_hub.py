"""Pulling from Hugging Face: its real library, a server on this machine that speaks as it does."""

from __future__ import annotations

import hashlib
import random
import signal
from typing import TYPE_CHECKING

import msgspec
import pytest

from slm_lsp.models import installed, record
from slm_lsp.models.directory import unfinished
from slm_lsp.models.sources import transfer
from tests.harness.mirror import COMMIT, Mirror, serving
from tests.unit import interrupted
from tests.unit.store_models import build_wheel, describe

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from slm_lsp.models.catalog import CatalogModel

CONTENT = random.Random(2).randbytes(300_000)
REPOSITORY = "somebody/Tiny-GGUF"


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "none"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "store"


@pytest.fixture
def model(tmp_path: Path) -> CatalogModel:
    described = describe(build_wheel(tmp_path / "wheels"), CONTENT)
    return msgspec.structs.replace(described, parts=(), repository=REPOSITORY)


@pytest.fixture
def hub(model: CatalogModel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    with serving({model.file: CONTENT}) as found:
        monkeypatch.setenv("HF_ENDPOINT", found.url)
        yield found


def refused(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 1
    assert installed.installed() == ()
    return ended.stderr


def test_a_model_comes_from_the_endpoint_and_its_checksum_is_checked(
    model: CatalogModel, hub: Mirror
) -> None:
    ended = interrupted.run(model, "")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert installed.resolve("tiny").path.read_bytes() == CONTENT
    assert installed.verify("tiny").origin == REPOSITORY


def test_the_token_is_told_to_the_endpoint_only(model: CatalogModel, hub: Mirror) -> None:
    """The file itself is on another server, as it is at Hugging Face."""
    assert interrupted.run(model, "").returncode == 0
    assert set(hub.heads) == {"Bearer hf_secret"}
    assert hub.asked == [(f"/cdn/{model.file}", 0, "")]


def test_nothing_else_is_asked(model: CatalogModel, hub: Mirror) -> None:
    """The library has telemetry, and asks for things of its own where that is on."""
    assert interrupted.run(model, "", HF_HUB_DISABLE_TELEMETRY="0").returncode == 0
    assert {path.rpartition("/")[2] for path, _, _ in hub.asked} == {model.file}
    assert {path.rpartition("/")[2] for path in hub.paths} == {model.file}


def test_a_revision_can_be_pinned(model: CatalogModel, hub: Mirror) -> None:
    pinned = msgspec.structs.replace(model, revision=COMMIT)
    assert interrupted.run(pinned, "").returncode == 0
    assert installed.get("tiny").origin == f"{REPOSITORY}@{COMMIT}"
    assert hub.paths == [f"/{REPOSITORY}/resolve/{COMMIT}/{model.file}"]


@pytest.mark.parametrize("at", [123_456, 290_000])
def test_what_was_killed_goes_on(at: int, model: CatalogModel, hub: Mirror) -> None:
    assert interrupted.run(model, "", "killed", at).returncode == -signal.SIGKILL
    kept = transfer._read(unfinished("tiny") / model.file).kept
    assert kept > at - interrupted.CHECKPOINT - 65_536
    hub.heal()
    assert interrupted.run(model, "").returncode == 0
    assert hub.starts(f"/cdn/{model.file}") == [kept]
    installed.verify("tiny")


def test_a_connection_that_breaks_is_taken_up(model: CatalogModel, hub: Mirror) -> None:
    hub.ends_at, hub.ends = 100_000, 1
    assert interrupted.run(model, "").returncode == 0
    assert len(hub.asked) == 2
    assert hub.asked[1][1] > 0
    installed.verify("tiny")


def test_a_connection_that_always_breaks_says_so(model: CatalogModel, hub: Mirror) -> None:
    hub.ends_at = 100_000
    said = refused(interrupted.run(model, ""))
    assert "TransferInterrupted: " in said
    assert "goes on from there" in said


def test_a_wrong_byte_is_found(model: CatalogModel, hub: Mirror) -> None:
    hub.wrong_at = 200_000
    assert "WrongChecksum: " in refused(interrupted.run(model, ""))
    assert not unfinished("tiny").exists()


def test_what_the_hub_says_its_checksum_is_counts_where_nothing_is_pinned(
    model: CatalogModel, hub: Mirror
) -> None:
    hub.wrong_at = 200_000
    unpinned = msgspec.structs.replace(model, sha256="")
    said = refused(interrupted.run(unpinned, ""))
    assert f"not {hashlib.sha256(CONTENT).hexdigest()}" in said


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("GatedRepo", 403, "accepted its terms"),
        ("RepoNotFound", 401, "refuses somebody/Tiny-GGUF"),
        ("EntryNotFound", 404, "refuses somebody/Tiny-GGUF"),
        ("", 503, "TransferInterrupted"),
    ],
)
def test_what_it_refuses_is_said(
    code: str, status: int, expected: str, model: CatalogModel, hub: Mirror
) -> None:
    hub.status, hub.error_code = status, code
    assert expected in refused(interrupted.run(model, ""))


def test_an_endpoint_that_is_none_is_said(
    model: CatalogModel, hub: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"{hub.url}/other")
    hub.leads_to = f"{hub.url}/cdn/x"
    assert "PullFailed: " in refused(interrupted.run(model, ""))


def test_a_part_that_was_not_asked_for_is_refused(model: CatalogModel, hub: Mirror) -> None:
    interrupted.run(model, "", "killed", 200_000)
    hub.says = {"Content-Range": f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}"}
    assert "another part of the file" in refused(interrupted.run(model, ""))


def test_an_endpoint_that_is_no_url_is_said(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://[::1")
    assert "PullFailed: " in refused(interrupted.run(model, ""))


def test_nobody_there_is_said(model: CatalogModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "Check the network, HF_ENDPOINT and the proxy" in refused(interrupted.run(model, ""))


def test_the_librarys_own_offline_mode_is_said(
    model: CatalogModel, hub: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE is set" in refused(interrupted.run(model, ""))
    assert not hub.asked
    assert not hub.heads
