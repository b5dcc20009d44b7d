"""Fixtures for all tests."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator


# A busy machine is no reason for a test to fail: speed is measured in benchmarks.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture(autouse=True)
def private_folders(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Keep tests away from the user's settings and running engines; yields the sockets' folder.

    It lies in a short path because a socket's name has at most 107 bytes.
    """
    runtime = Path(tempfile.mkdtemp(prefix="slm"))
    monkeypatch.setenv("SLM_LSP_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    yield runtime
    shutil.rmtree(runtime, ignore_errors=True)
