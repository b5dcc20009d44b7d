"""Sockets that only this user reaches, and one for each kind of engine."""

from __future__ import annotations

import os
import socket
import stat
from typing import TYPE_CHECKING

import msgspec
import pytest

from slm_lsp.errors import EngineUnavailable
from slm_lsp.inference.endpoint import (
    EngineOptions,
    check_peer,
    runtime_dir,
    socket_path,
)

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = EngineOptions("m", "0" * 64, 0, 4096, 60.0)


def test_the_folder_is_closed_to_others(private_folders: Path):
    private_folders.rmdir()
    assert stat.S_IMODE(runtime_dir().stat().st_mode) == 0o700


def test_an_open_folder_is_refused(private_folders: Path):
    private_folders.chmod(0o755)
    with pytest.raises(EngineUnavailable, match="chmod 700"):
        runtime_dir()


def test_a_link_is_refused(private_folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    link = tmp_path / "link"
    link.symlink_to(private_folders)
    monkeypatch.setenv("SLM_LSP_RUNTIME_DIR", str(link))
    with pytest.raises(EngineUnavailable):
        runtime_dir()


def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    deep = tmp_path / ("x" * 90)
    monkeypatch.setenv("SLM_LSP_RUNTIME_DIR", str(deep))
    with pytest.raises(EngineUnavailable, match="SLM_LSP_RUNTIME_DIR"):
        socket_path(OPTIONS)


@pytest.mark.parametrize(
    "change", [{"model": "n"}, {"sha256": "1" * 64}, {"threads": 3}, {"owner": 12}]
)
def test_engines_that_differ_do_not_meet(change: dict[str, object]):
    assert socket_path(msgspec.structs.replace(OPTIONS, **change)) != socket_path(OPTIONS)


def test_this_user_is_a_peer_and_others_are_not(monkeypatch: pytest.MonkeyPatch):
    left, right = socket.socketpair(socket.AF_UNIX)
    with left, right:
        check_peer(left)
        monkeypatch.setattr(os, "getuid", lambda: 4242)
        with pytest.raises(EngineUnavailable):
            check_peer(left)
