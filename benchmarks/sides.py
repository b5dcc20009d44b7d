"""The two sides that `benchmarks.peers` compares, at one file each."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks import infill
from benchmarks.llama_server import serving
from benchmarks.llama_vim import LlamaVim
from benchmarks.presses import Press
from tests.harness.client import Client
from tests.harness.editor import Editor
from tests.harness.world import World, initialize
from tools.machine import SetupFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from benchmarks.sources import Source
    from benchmarks.typist import Stroke

SETTLE_S = 1.0
"""Seconds after the last answer in which a side may finish what it does in the background."""
LOADING_S = 120.0
"""Seconds a model may take to load."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A key waited at: milliseconds until its ghost text was known, and whether there was any.

    `late`: no answer came in time, and `ms` is the time waited.
    """

    ms: float
    shown: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class Spent:
    """What a side had used at some moment: tokens and processor seconds."""

    evaluated: int
    generated: int
    cpu_s: float

    def since(self, before: Spent) -> Spent:
        """Return what was used between `before` and this."""
        return Spent(
            self.evaluated - before.evaluated,
            self.generated - before.generated,
            self.cpu_s - before.cpu_s,
        )


@dataclass(slots=True)
class Replay:
    """One side's way through one file."""

    waits: list[Wait] = field(default_factory=list)
    spent: Spent = Spent(0, 0, 0.0)


@dataclass(frozen=True, slots=True)
class Session:
    """A file, its text before anything is typed, and the strokes.

    The typist waits at most `patience_s` seconds for an answer.
    """

    source: Source
    text: str
    strokes: Sequence[Stroke]
    patience_s: float


async def ours(session: Session, store: Path, threads: int) -> Replay:
    """Type into our server."""
    world = World()
    world.env["SLM_LSP_STORE"] = str(store)
    client = await Client.start(world.env, "serve", "--stdio", cwd=world.project)
    try:
        await initialize(client, {"model": infill.NAME, "engine": {"threads": threads}})
        uri = (world.project / session.source.name).as_uri()
        language = session.source.language
        editor = Editor(client, session.text, caret=0, language=language, uri=uri)
        await client.wait_for_notification("didChangeStatus", _ready, LOADING_S)
        before = await _our_expense(world)
        replay = Replay()
        for stroke in session.strokes:
            await asyncio.sleep(stroke.pause_ms / 1e3)
            press = _strike(editor, stroke)
            if stroke.waits:
                await asyncio.wait([press.pending.answer], timeout=session.patience_s)
                if press.ghost_ms is None:
                    replay.waits.append(Wait(session.patience_s * 1e3, late=True))
                else:
                    replay.waits.append(Wait(press.ghost_ms, press.outcome == "ghost"))
        await asyncio.sleep(SETTLE_S)
        replay.spent = (await _our_expense(world)).since(before)
        await client.stop()
        return replay
    finally:
        await client.close()
        world.close()


def _strike(editor: Editor, stroke: Stroke) -> Press:
    if stroke.jump:
        editor.caret += stroke.jump
        return Press(editor.buffer.version, time.perf_counter(), editor.ask())
    pending, sent_at = editor.strike(stroke.text, stroke.erase)
    return Press(editor.buffer.version, sent_at, pending)


def _ready(status: Any) -> bool:
    if status["kind"] == "Error":
        raise SetupFailed(f"The model cannot be used: {status['message']}")
    return (status["kind"], status["busy"]) == ("Normal", False)


async def _our_expense(world: World) -> Spent:
    cpu_s = _cpu_seconds(world.processes())
    status = await world.engine_status()
    return Spent(status["evaluated_tokens"], status["decoded_tokens"], cpu_s)


async def theirs(session: Session, model: Path, threads: int) -> Replay:
    """Type into a buffer with llama.vim."""
    replay = Replay()
    with serving(model, threads) as server:
        async with asyncio.TaskGroup() as tasks:
            vim = LlamaVim(server.infill, tasks)
            before_s = _cpu_seconds([server.pid])
            text, caret = session.text, 0
            for stroke in session.strokes:
                await asyncio.sleep(stroke.pause_ms / 1e3)
                caret += stroke.jump
                text = text[: caret - stroke.erase] + stroke.text + text[caret:]
                caret += len(stroke.text) - stroke.erase
                sent_at = time.perf_counter()
                known = vim.moved(text, caret)
                if stroke.waits:
                    await asyncio.wait([known], timeout=session.patience_s)
                    if known.done():
                        replay.waits.append(Wait((known.result() - sent_at) * 1e3, vim.has_text))
                    else:
                        replay.waits.append(Wait(session.patience_s * 1e3, late=True))
            await vim.finish()
            await asyncio.sleep(SETTLE_S)
            cpu_s = _cpu_seconds([server.pid]) - before_s
            replay.spent = Spent(vim.evaluated, vim.generated, cpu_s)
    return replay


def _cpu_seconds(pids: Iterable[int]) -> float:
    return sum(sum(psutil.Process(pid).cpu_times()[:4]) for pid in pids)
