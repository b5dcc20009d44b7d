"""The server's side of the index: jobs are done once, whatever becomes of the process."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from slm_lsp.index import client as module
from slm_lsp.index.client import WorkspaceIndex

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from slm_lsp.index.client import Report


class Kept:
    """An index with what it reported."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.heard: asyncio.Queue[Report] = asyncio.Queue()
        self.index = WorkspaceIndex(root, self.heard.put_nowait)

    def write(self, name: str, text: str) -> str:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    async def done(self) -> Report:
        async with asyncio.timeout(30):
            while (report := await self.heard.get()).state == "running":
                pass
        return report

    def names(self) -> set[str]:
        with contextlib.closing(sqlite3.connect(self.index.database)) as connection:
            return {name for (name,) in connection.execute("SELECT name FROM symbols")}

    def process(self) -> psutil.Process:
        assert self.index._process is not None
        return psutil.Process(self.index._process.pid)


@pytest.fixture
async def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    kept = Kept((tmp_path / "project").resolve())
    kept.write("a.py", "def first(): ...\n")
    yield kept
    await kept.index.close()


async def test_everything_then_single_files(kept):
    kept.index.refresh()
    assert (await kept.done()).read == 1
    kept.index.changed([kept.write("a.py", "def second(): ...\n")])
    assert (await kept.done()).read == 1
    assert kept.names() == {"second"}


async def test_changes_at_once_are_one_job(kept):
    kept.index.refresh()
    await kept.done()
    for at in range(20):
        kept.index.changed([kept.write(f"m{at}.py", f"def f{at}(): ...\n")])
    assert (await kept.done()).files == 20


async def test_very_many_changes_are_a_look_at_everything(kept, monkeypatch):
    monkeypatch.setattr(module, "MANY", 3)
    kept.index.refresh()
    await kept.done()
    kept.write("unnoticed.py", "def unnoticed(): ...\n")
    kept.index.changed([kept.write(f"m{at}.py", "") for at in range(5)])
    assert (await kept.done()).files == 7
    assert "unnoticed" in kept.names()


async def test_it_has_the_lowest_priority(kept):
    kept.index.refresh()
    await kept.done()
    assert kept.process().nice() == 19


async def test_a_process_that_left_is_started_again(kept):
    kept.index.refresh()
    await kept.done()
    first = kept.process()
    first.terminate()
    await asyncio.to_thread(first.wait, 10)
    await asyncio.sleep(0.2)
    kept.index.changed([kept.write("b.py", "def later(): ...\n")])
    assert (await kept.done()).read == 1
    assert kept.names() == {"first", "later"}


async def test_a_job_outlives_a_process_that_crashes(kept):
    for at in range(600):
        kept.write(f"m{at}.py", f"def f{at}(): ...\n")
    kept.index.refresh()
    while kept.index._process is None:  # noqa: ASYNC110 (there is no event for it)
        await asyncio.sleep(0.01)
    kept.process().kill()
    assert (await kept.done()).files == 601
    assert len(kept.names()) == 601


async def test_one_that_keeps_crashing_is_let_be(kept, monkeypatch, caplog):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    kept.index.refresh()
    async with asyncio.timeout(10):
        while "given up" not in caplog.text:  # noqa: ASYNC110 (there is no event for it)
            await asyncio.sleep(0.01)


async def test_closing_ends_the_process(kept):
    kept.index.refresh()
    await kept.done()
    process = kept.process()
    await kept.index.close()
    await asyncio.to_thread(process.wait, 10)
