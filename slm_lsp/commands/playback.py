"""Typing a passage of a file key by key, with a completion asked for after each."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.completion.answers import Answers
from slm_lsp.completion.complete import complete
from slm_lsp.completion.request import Request
from slm_lsp.context.syntax import Syntax, parse
from slm_lsp.text import Cursor, Document, Edit, Span, unix

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from slm_lsp.completion.request import Outcome
    from slm_lsp.config import Settings
    from slm_lsp.engine.protocol import Engine

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
) -> tuple[Outcome | None, float | None]:
    """Complete within the typist's pause, which lasts at least a key's time."""
    started = time.perf_counter()
    outcome: Outcome | None = None
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
