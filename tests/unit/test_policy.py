"""The administrator's file: what it allows, and that nothing is allowed by what is wrong in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from slm_lsp.errors import (
    EndpointForbidden,
    ModelForbidden,
    NetworkForbidden,
    PolicyUnusable,
)
from slm_lsp.settings import policy
from slm_lsp.settings.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

SHA256 = "ab" * 32
OTHER = "cd" * 32


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The place of the administrator's file, as if root owned whatever the test puts there."""
    monkeypatch.setattr(policy, "FILE", tmp_path / "slm-lsp" / "policy.toml")
    monkeypatch.setattr(policy, "ROOT", os.getuid())
    usual = os.umask(0o022)
    policy.FILE.parent.mkdir()
    yield policy.FILE
    os.umask(usual)


def test_without_a_file_everything_is_allowed(file: Path):
    assert policy.load() == Policy()
    policy.load().require_model(SHA256)
    policy.load().require_endpoint("http://anywhere/")
    file.parent.rmdir()
    assert policy.load() == Policy()


def test_what_the_file_says(file: Path):
    file.write_text(
        f'offline = true\nallowed-models = ["{SHA256}"]\nallowed-endpoints = ["pypi.org"]\n'
        "[locked-settings]\nstatistics = false\n[locked-settings.completion]\nmax-tokens = 9\n"
    )
    found = policy.load()
    assert (found.offline, found.allowed_models) == (True, (SHA256,))
    assert found.source.values == {
        "offline": True,
        "statistics": False,
        "completion": {"max-tokens": 9},
    }


@pytest.mark.parametrize(
    "content",
    [
        b"offline = ",
        b"\xff\xfe",
        b"ofline = true",
        b"offline = 'yes'",
        b"allowed-models = ['qwen']",
        b"allowed-models = 'all'",
        b"allowed-endpoints = ['https:///x']",
        b"allowed-endpoints = ['https://host/../x']",
        b"allowed-endpoints = ['https://host:port/']",
        b"[locked-settings]\nnonsense = 1",
        b"[locked-settings]\noffline = false",
        b"[locked-settings]\ncompletion = {max-tokens = 0}",
        b"allowed-models = " + b"[" * 100_000,
    ],
)
def test_what_is_not_understood_allows_nothing(file: Path, content: bytes):
    file.write_bytes(content)
    with pytest.raises(PolicyUnusable, match=r"policy\.toml cannot be used: .+ administers"):
        policy.load()


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_that_others_may_write_to_is_not_trusted(file: Path, mode: int):
    file.write_text("offline = true")
    file.chmod(mode)
    with pytest.raises(PolicyUnusable, match="chmod go-w"):
        policy.load()


def test_a_folder_that_others_may_write_to_is_not_trusted(file: Path):
    file.write_text("offline = true")
    file.parent.chmod(0o777)
    with pytest.raises(PolicyUnusable, match="chmod go-w"):
        policy.load()


def test_a_link_is_trusted_as_far_as_its_target(file: Path, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    (elsewhere / "mine.toml").write_text("offline = true")
    file.symlink_to(elsewhere / "mine.toml")
    assert policy.load().offline
    elsewhere.chmod(0o777)
    with pytest.raises(PolicyUnusable, match="elsewhere must belong to root"):
        policy.load()


def test_a_link_to_nothing_is_not_taken_for_no_policy(file: Path, tmp_path: Path):
    file.symlink_to(tmp_path / "gone")
    with pytest.raises(PolicyUnusable):
        policy.load()


def test_links_in_a_circle_allow_nothing(file: Path):
    file.symlink_to(file.name)
    with pytest.raises(PolicyUnusable, match=r"policy\.toml cannot be used: .+ administers"):
        policy.load()


def test_a_byte_order_mark_is_no_content(file: Path):
    file.write_bytes(b"\xef\xbb\xbfoffline = true\r\n")
    assert policy.load().offline


def test_somebody_elses_file_is_not_trusted(file: Path, monkeypatch: pytest.MonkeyPatch):
    file.write_text("offline = true")
    monkeypatch.setattr(policy, "ROOT", os.getuid() + 1)
    with pytest.raises(PolicyUnusable, match="must belong to root"):
        policy.load()


def test_the_place_of_the_file_is_not_the_environments():
    names = ("XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "HOME", "SLM_LSP_POLICY")
    printed = subprocess.run(
        [sys.executable, "-c", "from slm_lsp.settings import policy; print(policy.FILE)"],
        env=os.environ | dict.fromkeys(names, "/nowhere"),
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert printed == f"{policy.FILE}\n"


def test_models_by_their_checksum():
    allowing = Policy(allowed_models=(SHA256.upper(),))
    allowing.require_model(SHA256)
    for refused in (OTHER, ""):
        with pytest.raises(ModelForbidden, match="does not allow this model"):
            allowing.require_model(refused)
    with pytest.raises(ModelForbidden):
        Policy(allowed_models=()).require_model(SHA256)


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("pypi.org", "https://pypi.org/simple/x/"),
        ("pypi.org", "https://PyPI.org.:443/simple/x/"),
        ("pypi.org", "https://user:word@pypi.org/simple/x/"),
        ("mirror:8443", "https://mirror:8443/x"),
        ("http://mirror:8080", "http://mirror:8080/x"),
        ("https://mirror/models", "https://mirror/models"),
        ("https://mirror/models", "https://mirror/models/a?b=..#c"),
        ("https://mirror/models/", "https://mirror/models/a"),
        ("https://mirror/a%20b", "https://mirror/a%20b/c"),
        ("https://[::1]:8080/", "https://[::1]:8080/x"),
    ],
)
def test_endpoints_that_are_allowed(allowed: str, url: str):
    Policy(allowed_endpoints=(allowed,)).require_endpoint(url)


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("pypi.org", "http://pypi.org/"),
        ("pypi.org", "https://pypi.org:8443/"),
        ("pypi.org", "https://pypi.org.evil.org/"),
        ("pypi.org", "https://evil.org/pypi.org"),
        ("pypi.org", "https://pypi.org@evil.org/"),
        ("pypi.org", "https://evil.org\\@pypi.org/"),
        ("pypi.org", "https://evil.org#@pypi.org/"),
        ("pypi.org", "https:pypi.org"),
        ("pypi.org", ""),
        ("https://mirror/models", "https://mirror/models-of-others/a"),
        ("https://mirror/models", "https://mirror/models/../a"),
        ("https://mirror/models", "https://mirror/models/%2e%2e/a"),
        ("https://mirror/models", "https://mirror/models/%252e%252e/a"),
        ("https://mirror/models", "https://mirror/"),
    ],
)
def test_endpoints_that_are_not(allowed: str, url: str):
    with pytest.raises(EndpointForbidden):
        Policy(allowed_endpoints=(allowed,)).require_endpoint(url)


def test_a_refusal_repeats_no_password():
    with pytest.raises(EndpointForbidden) as refused:
        Policy(allowed_endpoints=()).require_endpoint("https://user:secret@host/x?token=secret")
    assert "https://host/x" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_offline_allows_no_endpoint_at_all():
    with pytest.raises(NetworkForbidden):
        Policy(offline=True, allowed_endpoints=("pypi.org",)).require_endpoint("https://pypi.org/")


def test_the_example_in_the_documentation_is_one(file: Path):
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    file.write_text(page.partition("```toml\n")[2].partition("```")[0])
    found = msgspec.to_builtins(policy.load())
    assert all(found.values())
    assert set(found) == {"offline", "allowed-models", "allowed-endpoints", "locked-settings"}
