"""One workspace's index as the server sees it: a process that keeps it, and is told of changes.

What the indexing process tells the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from typing import TYPE_CHECKING, Literal

import msgspec

from slm_lsp.index.database import database_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


class Report(msgspec.Struct, frozen=True):
    """How far a run is: `files` looked at, of which `read` were read; why it `failed`."""

    state: Literal["running", "done", "failed"]
    files: int
    read: int
    failed: str = ""


GATHER_S = 0.1
"""Seconds in which changes become one job: a checkout of another branch reports each file."""

MANY = 1000
"""With so many changes it is quicker to look at every file."""

STARTS = 2
"""How often a process is started for the same jobs; one that keeps ending is let be."""

EVERYTHING: frozenset[str] = frozenset()
"""The job of looking at every file."""

log = logging.getLogger(__name__)


class WorkspaceIndex:
    """Starts the process when there is something to do. `root` must be free of links."""

    def __init__(self, root: Path, reported: Callable[[Report], None]) -> None:
        self.root = root
        self.database = database_path(root)
        self._reported = reported
        self._changed: set[str] = set()
        self._jobs: list[frozenset[str]] = []  # not done yet, the first ones sent already
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._gathering: asyncio.TimerHandle | None = None

    def refresh(self) -> None:
        """Look at every file."""
        self._add(EVERYTHING)

    def changed(self, paths: Iterable[str]) -> None:
        """Look at files, by their absolute paths, that were made, changed or removed."""
        self._changed.update(paths)
        if self._changed and self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(GATHER_S, self._gathered)

    async def close(self) -> None:
        """End the process; what it has not done yet is noticed at the next start."""
        if self._gathering is not None:
            self._gathering.cancel()
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])

    def _gathered(self) -> None:
        self._gathering = None
        paths, self._changed = frozenset(self._changed), set()
        self._add(paths if len(paths) < MANY else EVERYTHING)

    def _add(self, job: frozenset[str]) -> None:
        self._jobs.append(job)
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep())
        elif self._process is not None:
            self._send(self._process, job)

    async def _keep(self) -> None:
        """Run processes until every job is done."""
        starts = 0
        while self._jobs and starts < STARTS:
            before = len(self._jobs)
            await self._run()
            starts = 1 if len(self._jobs) < before else starts + 1
        if self._jobs:
            self._jobs.clear()
            log.warning("the index of the workspace is given up: its process ends at once")

    async def _run(self) -> None:
        """Run one process with the jobs there are, until it ends."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "slm_lsp.index.indexer", str(self.root)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd="/",
        )
        assert process.stdout is not None
        try:
            for job in self._jobs:
                self._send(process, job)
            self._process = process
            async for line in process.stdout:
                self._heard(msgspec.json.decode(line, type=Report))
        finally:
            self._process = None
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()

    def _send(self, process: asyncio.subprocess.Process, job: frozenset[str]) -> None:
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(sorted(job)) + b"\n")

    def _heard(self, report: Report) -> None:
        if report.state != "running":
            self._jobs.pop(0)
        if report.state == "failed":
            log.warning("the workspace could not be indexed: %s", report.failed)
        self._reported(report)
