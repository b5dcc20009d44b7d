"""Somebody who waits for the answer at every key: no request is ever replaced."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from benchmarks import typist
from benchmarks.presses import Press
from tests.harness.world import initialize

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from benchmarks.typist import Stretch
    from tests.harness.client import Client
    from tests.harness.editor import Editor

WITHIN_S = 30.0
"""Seconds after which an answer that was waited for counts as lost."""

LOADING_S = 120.0
"""Seconds a model may take to load."""

RUN = 6
"""Keys between two looks at what the machine can do."""

PAUSE_S = typist.WORD_MS / 1e3
"""Seconds from an answer to the next key."""


async def prepare(client: Client) -> None:
    """Shake hands and wait until the model is loaded. Exits where it cannot be."""
    await initialize(client, {})
    await client.wait_for_notification("didChangeStatus", _ready, LOADING_S)


def _ready(status: Any) -> bool:
    if status["kind"] == "Error":
        raise SystemExit(f"The model cannot be used: {status['message']}")
    return (status["kind"], status["busy"]) == ("Normal", False)


async def type_places(
    editor: Editor,
    text: str,
    holes: Sequence[Stretch],
    until: float,
    around: Callable[[], Awaitable[None]],
) -> list[list[Press]]:
    """Type what is missing of `text`, one of the `holes` after the other, each a list of keys.

    Does what is to be done `around` them: before the first, after each, and after `RUN` keys of
    one. Leaves early when the clock (`time.perf_counter`) passes `until`.
    """
    places = []
    await around()
    for number, hole in enumerate(holes):
        editor.caret = typist.place(hole, holes[number + 1 :])
        places.append(await type_waiting(editor, text[hole.start : hole.end], until, around))
        await around()
    return places


async def _nothing() -> None:
    pass


async def type_waiting(
    editor: Editor, target: str, until: float, around: Callable[[], Awaitable[None]] = _nothing
) -> list[Press]:
    """Type `target` at the caret and wait for the answer at every key."""
    presses: list[Press] = []
    at = 0
    while at < len(target) and time.perf_counter() < until:
        if presses and len(presses) % RUN == 0:
            await around()
        key = typist.key_at(target, at)
        at += len(key)
        pending, sent_at = editor.strike(key)
        press = Press(editor.buffer.version, sent_at, pending, awaited=True)
        presses.append(press)
        await editor.client.answer(pending, WITHIN_S)
        press.report = await _report_of(editor, press)
        await asyncio.sleep(PAUSE_S)
    return presses


async def _report_of(editor: Editor, press: Press) -> Any:
    return await editor.client.wait_for_notification(
        "slm-lsp/timings",
        lambda report: (report["uri"], report["version"]) == (editor.buffer.uri, press.version),
    )
