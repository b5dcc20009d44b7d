"""What `slm-lsp demo` shows: an editor in the terminal, or a table where there is none."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.syntax import Syntax as Highlighted
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rich.console import Console, RenderableType

    from slm_lsp.commands.playback import Frame
    from slm_lsp.text import Document

SHOWN_LINES = 16


@dataclass
class Tally:
    """Counts over all frames so far."""

    latencies_ms: list[float] = field(default_factory=list)
    accepted: int = 0
    saved: int = 0
    typed: int = 0

    def add(self, frame: Frame) -> None:
        """Count `frame`."""
        self.typed = len(frame.typed)
        if frame.saved:
            self.accepted += 1
            self.saved += frame.saved
        elif frame.ghost and frame.latency_ms is not None and not frame.cached:
            self.latencies_ms.append(frame.latency_ms)

    def line(self) -> Text:
        """Return the counts in one line."""
        median = statistics.median(self.latencies_ms) if self.latencies_ms else 0.0
        return Text(
            f"{self.typed} characters, {self.saved} of them accepted from {self.accepted} ghost "
            f"texts; the model answered {len(self.latencies_ms)} times, median {median:.0f} ms "
            "after the key"
        )


async def show_live(console: Console, document: Document, frames: AsyncIterator[Frame]) -> None:
    """Draw each frame in place."""
    tally = Tally()
    with Live(console=console, refresh_per_second=30, transient=False) as live:
        async for frame in frames:
            tally.add(frame)
            live.update(_editor(document, frame, tally))
    console.print(
        "Ghost text is dim; what was accepted counts as saved. Try it on a file of yours:"
    )
    console.print("  slm-lsp demo FILE", style="bold")


async def show_table(console: Console, document: Document, frames: AsyncIterator[Frame]) -> None:
    """Print a row for each ghost text that was taken over, and for each other one at a pause."""
    tally = Tally()
    table = Table("line", "typed", "ghost text", "", "ms", title=document.path, expand=False)
    previous: Frame | None = None
    async for frame in frames:
        tally.add(frame)
        if frame.saved and previous is not None:
            table.add_row(*_row(previous, "accepted"))
        elif previous is not None and previous.ghost and not _continues(previous, frame):
            table.add_row(*_row(previous, ""))
        previous = None if frame.saved else frame
    console.print(table)
    console.print(tally.line())


def _continues(previous: Frame, frame: Frame) -> bool:
    """Tell whether `frame` shows what is left of the ghost text of `previous`."""
    return bool(frame.ghost) and previous.ghost.endswith(frame.ghost)


def _row(frame: Frame, verdict: str) -> tuple[str, str, str, str, str]:
    typed = frame.typed[frame.typed.rfind("\n") + 1 :].lstrip()
    ghost = frame.ghost.strip("\n").replace("\n", "⏎")
    return str(frame.line + 1), typed[-32:], ghost[:48], verdict, f"{frame.latency_ms or 0:.0f}"


def _editor(document: Document, frame: Frame, tally: Tally) -> RenderableType:
    typed = frame.typed.split("\n")
    code = Highlighted(
        "\n".join(typed[-SHOWN_LINES:]),
        lexer=Highlighted.guess_lexer(document.path),
        background_color="default",
    ).highlight("\n".join(typed[-SHOWN_LINES:]))
    code.rstrip()
    shown = frame.typed[len(frame.typed.rstrip(" \n")) :]
    code.append(shown + "▏")
    code.append(frame.ghost, style="dim italic")
    latency = "…" if frame.latency_ms is None else f"{frame.latency_ms:.0f} ms"
    verdict = f"accepted {frame.saved} characters" if frame.saved else latency
    return Group(
        Panel(code, title=document.path, subtitle=verdict, height=SHOWN_LINES + 4),
        tally.line(),
    )
