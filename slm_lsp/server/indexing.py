"""The indexes of the folders that the editor has open.

Work-done progress for an index in the making; what is done at once shows none.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from slm_lsp.index.client import WorkspaceIndex
from slm_lsp.index.files import may_be_workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from slm_lsp.index.client import Report
    from slm_lsp.server.session import Session


class IndexProgress:
    """Shows how far the indexes are, in clients that can show it."""

    def __init__(self, ls: Session) -> None:
        self._ls = ls
        self._shown: dict[Path, asyncio.Queue[Report]] = {}

    def report(self, folder: Path, report: Report) -> None:
        """Show `report` about the index of `folder`."""
        window = self._ls.client_capabilities.window
        if not window or not window.work_done_progress:
            return
        if report.state == "running" and folder not in self._shown:
            self._shown[folder] = asyncio.Queue()
            self._ls.background(self._show(folder.name, self._shown[folder]))
        if reports := self._shown.get(folder):
            reports.put_nowait(report)
        if report.state != "running":
            self._shown.pop(folder, None)

    async def _show(self, name: str, reports: asyncio.Queue[Report]) -> None:
        progress, token = self._ls.work_done_progress, f"slm-lsp-index-{uuid4()}"
        with contextlib.suppress(JsonRpcException):  # a client may refuse
            await progress.create_async(token)
            progress.begin(token, types.WorkDoneProgressBegin(title=f"Indexing {name}"))
            while (report := await reports.get()).state == "running":
                said = types.WorkDoneProgressReport(message=f"{report.files} files")
                progress.report(token, said)
            progress.end(token, types.WorkDoneProgressEnd(message=f"{report.files} files"))


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder by the editor's name for it, which may lead over links, and its index."""

    path: Path
    index: WorkspaceIndex


class Indexing:
    """`reported` hears what each index, by its folder, says."""

    def __init__(self, reported: Callable[[Path, Report], None]) -> None:
        self._folders: dict[Path, _Folder] = {}
        self._reported = reported
        self._changing = asyncio.Lock()

    async def keep(self, paths: Iterable[Path]) -> None:
        """Index the folders at `paths`, and no others any more."""
        async with self._changing:
            wanted = set(paths)
            for path in self._folders.keys() - wanted:
                await self._folders.pop(path).index.close()
            for path in wanted - self._folders.keys():
                root = await asyncio.to_thread(_root, path)
                if root is None:
                    log.info("a folder is not indexed: it is no project's")
                    continue
                index = WorkspaceIndex(root, functools.partial(self._reported, path))
                self._folders[path] = _Folder(path, index)
                index.refresh()

    def changed(self, paths: Iterable[Path]) -> None:
        """Tell the indexes of files that were made, changed or removed."""
        for path in paths:
            if folder := self._folder(path):
                relative = path.relative_to(folder.path)
                folder.index.changed([str(folder.index.root / relative)])

    def database(self, path: Path) -> Path | None:
        """Return the database of the workspace that the file at `path` is in."""
        folder = self._folder(path)
        return folder.index.database if folder else None

    async def close(self) -> None:
        """End all of it."""
        await self.keep(())

    def _folder(self, path: Path) -> _Folder | None:
        """Return the innermost folder that `path` is in."""
        around = (self._folders.get(folder) for folder in path.parents)
        return next((folder for folder in around if folder), None)


def _root(path: Path) -> Path | None:
    root = path.resolve()
    return root if may_be_workspace(root) else None
