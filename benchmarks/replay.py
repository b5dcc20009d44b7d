"""How long a typist waits for ghost text: a real file is typed into the real server over stdio.

A few stretches of a file of at least 500 lines are taken out and typed again, one after the other,
the way `benchmarks.typist` describes. Every key sends a `didChange` and a request, as an editor
without debounce would, so a newer request replaces the one before. At one key in eight the typist
waits for the answer and accepts it if it is what follows in the file.

**Time to ghost text** of a key runs from handing its `didChange` to the pipe to reading the answer
to its own request, with items or without. Keys whose request was replaced have none. They are
counted in `superseded`; the others make `ghost_p50_ms`, `ghost_p95_ms`, `ghost_p99_ms`. A slow
answer is more likely to be replaced, which makes these figures look better than they are;
`awaited_p50_ms` and `awaited_p95_ms` count only the keys the typist waited at, which were chosen
beforehand, and have no such bias.

| figure | meaning |
|---|---|
| `typed_through_p95_ms` | time to ghost text of the keys answered without the model |
| `cache_hit_rate` | share of the answers that needed no model |
| `evaluated_tokens_per_key_p50`, `_mean` | prompt tokens not in the KV cache, of answered keys |
| `generated_tokens_per_request_mean` | tokens generated, of answers that needed the model |
| `right_keys` | keys whose ghost text the typist then types |
| `pauses` | keys before a pause of 300 ms or more, with text left on the line |
| `shown_at_pauses` | the share of them with ghost text before the pause is over |
| `unanswered` | requests without any answer six seconds after the last key |
| `recovery_p50_ms`, `recovery_max_ms` | from the engine's death to the next answer of the model |

What the engine reads while nobody asks, after a prompt it answered from its end, is in none of
these figures: it costs processor time, not waiting.

With `--order` the model is a copy of the default one that is asked in another order, see
`benchmarks.infill`: the tokens a key costs in each order are those of any such model.

With `--kill-engine N` the engine is killed N times in the middle of a request. After that the
typist waits at every key until the model has answered again; those keys are in no figure above.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import infill, typist
from benchmarks.presses import Press, figures
from benchmarks.report import command_line, publish
from slm_lsp.text.document import unix
from tests.harness.client import Client
from tests.harness.editor import Editor, offered
from tests.harness.world import World, initialize

if TYPE_CHECKING:
    from collections.abc import Sequence

SEED = 20261124
MIN_LINES = 500
GRACE_S = 6.0
"""Seconds the typist waits at most for an answer, and the server gets after the last key."""
READING_MS = 250.0
"""Milliseconds to see that the ghost text is what was about to be typed."""
LOADING_S = 120.0
"""Seconds a model may take to load."""


class Session:
    """One typist at one file."""

    def __init__(self, world: World, editor: Editor, kills: Sequence[int]) -> None:
        self._world = world
        self._editor = editor
        self._kills = set(kills)
        self._killed_at = 0.0
        self.presses: list[Press] = []
        self.recoveries_ms: list[float] = []

    async def type_stretch(self, target: str, until: float) -> None:
        """Type `target` at the caret; leave early when the clock passes `until`."""
        at = 0
        while at < len(target) and time.perf_counter() < until:
            strokes = typist.strokes_at(target, at, SEED)
            at += len(typist.key_at(target, at))
            for stroke in strokes:
                await asyncio.sleep(stroke.pause_ms / 1e3)
                waits = stroke is strokes[-1] and typist.waits_at(at, SEED)
                press = await self._press(stroke, waits=waits, following=target[at:])
                if press.awaited or press.recovering:
                    at += await self._look(press, target[at:])

    async def finish(self) -> None:
        """Wait for outstanding answers and read the reports of those nobody waited for."""
        open_answers = [press.pending.answer for press in self.presses if not press.answered]
        if open_answers:
            await asyncio.wait(open_answers, timeout=GRACE_S)
        reports = {r["version"]: r for r in self._editor.client.inbox.take("slm-lsp/timings")}
        for press in self.presses:
            press.report = press.report or reports.get(press.version)

    async def _press(self, stroke: typist.Stroke, *, waits: bool, following: str) -> Press:
        recovering = self._killed_at > 0
        victim = await self._victim() if waits and not recovering else None
        pending, sent_at = self._editor.strike(stroke.text, stroke.erase)
        if self.presses:
            self.presses[-1].pause_s = sent_at - self.presses[-1].sent_at
        before = self._editor.text[: self._editor.caret].rpartition("\n")[2]
        press = Press(
            self._editor.buffer.version,
            sent_at,
            pending,
            awaited=waits,
            before=before,
            following=following,
        )
        press.recovering = recovering or victim is not None
        self.presses.append(press)
        if victim is not None:
            os.kill(victim, signal.SIGKILL)
            self._killed_at = time.perf_counter()
        return press

    async def _victim(self) -> int | None:
        """Return the engine to kill at this key, if it is the turn of one."""
        due = [number for number in self._kills if number <= len(self.presses)]
        if not due:
            return None
        self._kills.remove(due[0])
        return await self._world.engine_pid()

    async def _look(self, press: Press, following: str) -> int:
        """Wait for the answer; accept it if it is what follows. Return the characters accepted."""
        await asyncio.wait([press.pending.answer], timeout=GRACE_S)
        if press.outcome in ("unanswered", "replaced"):
            return 0
        press.report = await self._editor.client.wait_for_notification(
            "slm-lsp/timings", lambda report: report["version"] == press.version
        )
        if self._killed_at and press.sent_at > self._killed_at and press.from_model:
            self.recoveries_ms.append((press.answered_at - self._killed_at) * 1e3)
            self._killed_at = 0.0
        items = offered(press.pending.answer.result())
        ghost = self._editor.shown(items[0]) if items else ""
        if not ghost or not following.startswith(ghost):
            return 0
        await asyncio.sleep(READING_MS / 1e3)
        await self._editor.accept(items[0])
        press.accepted = True
        return len(ghost)


async def replay(world: World, text: str, options: argparse.Namespace) -> Session:
    """Run the whole session and return what was measured."""
    keys, places, seconds = (130, 3, 32.0) if options.quick else (900, 6, 3600.0)
    holes = typist.stretches(text, places, keys, SEED)
    kills = [(n + 1) * keys // (options.kill_engine + 2) for n in range(options.kill_engine)]
    client = await Client.start(world.env, "serve", "--stdio", cwd=world.project)
    try:
        await initialize(client, {"model": options.model} if options.model else {})
        uri = (world.project / "replay.py").as_uri()
        editor = Editor(client, typist.without(text, holes), caret=0, uri=uri)
        await client.wait_for_notification("didChangeStatus", _ready, LOADING_S)
        session = Session(world, editor, kills)
        until = time.perf_counter() + seconds
        for number, hole in enumerate(holes):
            editor.caret = typist.place(hole, holes[number + 1 :])
            await session.type_stretch(text[hole.start : hole.end], until)
        await session.finish()
        await client.stop()
        return session
    finally:
        await client.close()


def _ready(status: Any) -> bool:
    if status["kind"] == "Error":
        raise SystemExit(f"The model cannot be used: {status['message']}")
    return (status["kind"], status["busy"]) == ("Normal", False)


def main() -> int:
    """Parse the command line, replay, report."""
    parser = command_line("benchmarks.replay", __doc__, "130 keys, at most 50 seconds")
    parser.add_argument("--file", type=Path, help="the source file to type (default: argparse.py)")
    parser.add_argument("--model", default="", help="a model instead of the default one")
    parser.add_argument(
        "--order", choices=("spm", "psm"), help="a copy of it that is asked in this order"
    )
    parser.add_argument("--kill-engine", type=int, default=0, metavar="N", help="kill it N times")
    options = parser.parse_args()
    path = options.file or Path(argparse.__file__)
    text = unix(path.read_text(encoding="utf-8"))
    if text.count("\n") < MIN_LINES:
        parser.error(f"{path.name} has fewer than {MIN_LINES} lines")

    world = World(real_store=True)
    try:
        if options.order:
            folder = world.root / "store"
            infill.install(folder, options.model, options.order)
            options.model = infill.NAME
            world.env["SLM_LSP_STORE"] = str(folder)
        session = asyncio.run(replay(world, text, options))
    finally:
        world.close()
    rows = [press.row() for press in session.presses]
    publish(
        "benchmarks.replay", figures(session.presses, session.recoveries_ms), rows, options.json
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
