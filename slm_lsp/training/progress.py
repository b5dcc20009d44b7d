"""A training as people see it: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slm_lsp.training.run import Progress

LINE_S = 30.0
"""Seconds between two lines where there is no terminal."""


@contextlib.contextmanager
def shown() -> Iterator[Callable[[Progress], None]]:
    """Yield what is to be called with each step's progress."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console)
        return
    with Bars(BarColumn(), TextColumn("{task.description}"), console=console) as bars:
        task = bars.add_task("", total=None)

        def show(progress: Progress) -> None:
            bars.update(
                task, completed=progress.step, total=progress.steps, description=told(progress)
            )

        yield show


def told(progress: Progress) -> str:
    """Return how far a training is, in one line."""
    held_out = f", held out {progress.held_out:.3f}" if progress.held_out is not None else ""
    minutes, seconds = divmod(round(progress.left_s), 60)
    return (
        f"step {progress.step:,} of {progress.steps:,}, {progress.tokens:,} tokens, "
        f"loss {progress.loss:.3f}{held_out}, {progress.speed:,.0f} tokens/s, "
        f"{minutes}:{seconds:02} left"
    )


def _lines(console: Console) -> Callable[[Progress], None]:
    last = 0.0

    def show(progress: Progress) -> None:
        nonlocal last
        if progress.step == progress.steps or time.monotonic() - last >= LINE_S:
            last = time.monotonic()
            console.print(told(progress), highlight=False, soft_wrap=True)

    return show
