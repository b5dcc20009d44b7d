"""Progress on stderr: a bar on a terminal, one plain line for each stage elsewhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.models.directory import Progress as Callback


@contextlib.contextmanager
def shown() -> Iterator[Callback]:
    """Yield a callback `(stage, done, total)` whose reports the user sees."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        yield _bars(bars)


def _plain(console: Console) -> Callback:
    seen: set[str] = set()

    def report(stage: str, _done: int, total: int) -> None:
        if stage not in seen:
            seen.add(stage)
            size = f" ({total // 10**6} MB)" if total else ""
            console.print(f"{stage}{size}", highlight=False, soft_wrap=True)

    return report


def _bars(bars: Progress) -> Callback:
    tasks: dict[str, TaskID] = {}

    def report(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            for earlier in tasks.values():
                bars.update(earlier, completed=1, total=1)
                bars.stop_task(earlier)
            tasks[stage] = bars.add_task(stage, total=None)
        bars.update(tasks[stage], completed=done, total=total or None)

    return report
