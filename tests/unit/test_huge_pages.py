"""When weights are copied into huge pages."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import psutil
import pytest

from slm_lsp.models import runtime
from slm_lsp.platform import huge_pages

if TYPE_CHECKING:
    from pathlib import Path

GIB = 2**30


@pytest.fixture
def enabled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "enabled"
    path.write_text("always [madvise] never\n")
    monkeypatch.setattr(huge_pages, "_ENABLED", path)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=16 * GIB))
    return path


@pytest.mark.usefixtures("enabled")
def test_only_weights_that_are_small_beside_the_memory_are_copied():
    assert huge_pages.worthwhile(2 * GIB)
    assert not huge_pages.worthwhile(2 * GIB + 1)


def test_not_where_the_system_gives_none(enabled: Path, monkeypatch: pytest.MonkeyPatch):
    enabled.write_text("always madvise [never]\n")
    assert not huge_pages.worthwhile(1)
    enabled.unlink()
    assert not huge_pages.worthwhile(1)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not huge_pages.worthwhile(1)


def test_what_the_user_set_for_glibc_counts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    assert runtime.environment()["GLIBC_TUNABLES"] == huge_pages.TUNABLE
    own = "glibc.malloc.hugetlb=0:glibc.malloc.check=1"
    monkeypatch.setenv("GLIBC_TUNABLES", own)
    assert runtime.environment()["GLIBC_TUNABLES"] == f"{huge_pages.TUNABLE}:{own}"
