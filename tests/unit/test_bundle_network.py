"""Making a bundle fetches packages, unless somebody forbids it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import platformdirs
import pytest

from slm_lsp.bundle import wheelhouse
from slm_lsp.cli import main
from slm_lsp.errors import EndpointForbidden, NetworkForbidden
from slm_lsp.settings import policy
from slm_lsp.settings.policy import Policy

if TYPE_CHECKING:
    from pathlib import Path

INDEX = "https://packages.example/simple"


@pytest.fixture(autouse=True)
def pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """One package index, no file of settings, no administrator."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    for name in ("PIP_NO_INDEX", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", INDEX)
    monkeypatch.setattr(policy, "load", Policy)


def test_offline_forbids_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(platformdirs, "user_config_path", lambda name: tmp_path / "config" / name)
    file = tmp_path / "config" / "slm-lsp" / "slm-lsp.toml"
    file.parent.mkdir(parents=True)
    file.write_text("offline = true\n")
    monkeypatch.chdir(tmp_path)
    assert main.main(["bundle", "create", "--output", "made"]) == 1
    assert "while the setting `offline` is on" in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def test_the_administrator_forbids_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(policy, "load", lambda: Policy(offline=True))
    with pytest.raises(NetworkForbidden):
        wheelhouse.require_network(offline=False)


def test_the_administrator_says_where_from(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(policy, "load", lambda: Policy(allowed_endpoints=("pypi.org",)))
    with pytest.raises(EndpointForbidden, match=r"packages\.example"):
        wheelhouse.require_network(offline=False)
    monkeypatch.setattr(policy, "load", lambda: Policy(allowed_endpoints=(INDEX,)))
    wheelhouse.require_network(offline=False)


def test_folders_need_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    wheelhouse.require_network(offline=True)
