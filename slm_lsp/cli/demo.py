"""`slm-lsp demo`: types a real file and shows what the model offers at every key.

Typing a passage of a file key by key, with a completion asked for after each.

What `slm-lsp demo` shows: an editor in the terminal, or a table where there is none.
"""

from __future__ import annotations

import asyncio
import inspect
import statistics
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.syntax import Syntax as Highlighted
from rich.table import Table
from rich.text import Text

from slm_lsp.cli.arguments import settings_for
from slm_lsp.cli.source_file import read_document
from slm_lsp.completion.answers import Answers
from slm_lsp.completion.complete import complete
from slm_lsp.completion.request import Request
from slm_lsp.errors import UsageError
from slm_lsp.inference.client.client import EngineClient
from slm_lsp.syntax.syntax import Syntax, parse
from slm_lsp.text.document import (
    Cursor,
    Document,
    Edit,
    Span,
    unix,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator

    from rich.console import RenderableType

    from slm_lsp.completion.request import CompletionResult
    from slm_lsp.inference.protocol import Engine
    from slm_lsp.settings.schema import Settings

KEY_S = 0.06
"""Seconds between two keys inside a word: a fast typist."""

THINK_S = 0.6
"""Seconds a person pauses at most, at the start of a line or word, to see what is offered."""

OPEN_S = 30.0
"""Seconds at most before the first key, in which the model reads the file for the first time."""

MIN_ACCEPTED = 3
"""Characters: nobody reaches for the Tab key for less."""


@dataclass(frozen=True, slots=True)
class Passage:
    """The lines to type, from `first` up to but not including `end`, from 0."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Frame:
    """What the editor looks like after one key, or after ghost text was taken over.

    `typed` is the passage so far, `ghost` what is offered behind it after `latency_ms` (None: the
    next key came first). `cached` tells that it is what was left of an earlier answer. `saved` are
    the characters this very frame took over at once.
    """

    line: int
    typed: str
    ghost: str
    latency_ms: float | None
    cached: bool = False
    saved: int = 0


async def play(
    document: Document, passage: Passage, settings: Settings, engine: Engine
) -> AsyncIterator[Frame]:
    """Type `passage` into `document`, whose lines from there on are taken away first.

    Ghost text is accepted where it is what the file really says, and typed over where it is not.
    """
    wanted = unix("".join(document.lines.slice(passage.first, passage.end)))
    above = "".join(document.lines.slice(0, passage.first))
    current = Document.of(above, uri=document.uri, language=document.language, path=document.path)
    syntax, answers, at = parse(current), Answers(), 0
    while at < len(wanted):
        last = len(current.lines) - 1
        cursor = Cursor(last, len(current.lines[last]))
        tree = syntax if isinstance(syntax, Syntax) else None
        request = Request(current, tree, cursor)
        pause_s = _pause_s(wanted, at) if at else OPEN_S
        outcome, latency_ms = await _ask(request, settings, answers, engine, pause_s)
        ghost = outcome.completions[0].text if outcome and outcome.completions else ""
        line = passage.first + wanted.count("\n", 0, at)
        yield Frame(line, wanted[:at], ghost, latency_ms, outcome is not None and outcome.cached)
        taken = ghost if len(ghost) >= MIN_ACCEPTED and wanted.startswith(ghost, at) else ""
        if taken:
            yield Frame(line, wanted[: at + len(taken)], "", latency_ms, saved=len(taken))
        text = taken or wanted[at]
        edit = Edit(Span.at(cursor), text)
        after = current.applied(edit, current.version + 1)
        syntax = tree.edited(edit, current, after) if tree is not None else None
        current, at = after, at + len(text)


async def _ask(
    request: Request, settings: Settings, answers: Answers, engine: Engine, pause_s: float
) -> tuple[CompletionResult | None, float | None]:
    """Complete within the typist's pause, which lasts at least a key's time."""
    started = time.perf_counter()
    outcome: CompletionResult | None = None
    latency_ms: float | None = None
    try:
        async with asyncio.timeout(pause_s):
            outcome = await complete(request, settings, answers, engine)
        latency_ms = (time.perf_counter() - started) * 1e3
    except TimeoutError:
        pass
    await asyncio.sleep(max(0.0, started + KEY_S - time.perf_counter()))
    return outcome, latency_ms


def _pause_s(wanted: str, at: int) -> float:
    """Return how long the typist waits before the key at `at`."""
    before = wanted[at - 1] if at else "\n"
    return THINK_S if before in "\n (.=" else KEY_S


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


DEFAULT_LINES = 24
"""Lines typed: long enough to see it work, short enough to watch (about a minute)."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("demo", help="watch it complete a real file")
    parser.add_argument("file", nargs="?", help="the file to type (default: one of Python's own)")
    parser.add_argument("--line", type=int, help="the first line to type, from 1")
    parser.add_argument("--lines", type=int, default=DEFAULT_LINES, help="how many lines to type")
    parser.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Type a passage: live where there is a terminal, else as a table."""
    document, passage = _passage(options)
    settings = settings_for(Path.cwd())
    asyncio.run(_run(document, passage, settings))
    return 0


def _passage(options: argparse.Namespace) -> tuple[Document, Passage]:
    if options.file is None:
        document = read_document(Path(inspect.getfile(textwrap)))
        constructor = (n for n, line in enumerate(document.lines) if "def __init__(" in line)
        first = 1 + next(constructor)
    else:
        document = read_document(Path(options.file))
        first = max(1, len(document.lines) // 2)
    line = options.line or first
    if not 1 <= line <= len(document.lines) or options.lines < 1:
        raise UsageError(f"{document.path} has the lines 1 to {len(document.lines)}.")
    return document, Passage(line - 1, min(line - 1 + options.lines, len(document.lines)))


async def _run(document: Document, passage: Passage, settings: Settings) -> None:
    console = Console()
    engine = EngineClient(settings)
    try:
        with console.status(f"Starting {escape(settings.model)} …"):
            await engine.ready()
        frames = play(document, passage, settings, engine)
        if console.is_terminal:
            await show_live(console, document, frames)
        else:
            await show_table(console, document, frames)
    finally:
        await engine.close()
