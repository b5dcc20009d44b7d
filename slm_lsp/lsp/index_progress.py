"""Work-done progress for an index in the making; what is done at once shows none."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from uuid import uuid4

from lsprotocol import types
from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.lsp.session import Session
    from slm_lsp.workspace.report import Report


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
