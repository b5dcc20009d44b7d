"""The indexes of the folders that the editor has open."""

from __future__ import annotations

import asyncio
import functools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.workspace.files import may_be_workspace
from slm_lsp.workspace.index import WorkspaceIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from slm_lsp.workspace.report import Report

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
