"""Work on suspicion: what the user will probably ask next is prepared while nobody waits."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from slm_lsp.completion.gate import closed
from slm_lsp.completion.prefetch import prefetch, read_ahead
from slm_lsp.engine.protocol import Urgency
from slm_lsp.errors import SlmLspError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from slm_lsp.completion.request import Outcome, Request
    from slm_lsp.lsp.session import Session


def prepare(ls: Session, request: Request, outcome: Outcome) -> None:
    """Prepare for `outcome`, which is about to be shown, being accepted.

    While it is typed through it stays the same, and is prepared for once. The model does not hear
    of those keys, so it is told where they have led, in case the next one does not go on so.
    """
    uri = request.document.uri
    if outcome.completions and ls.settings.completion.prefetch:
        completion = outcome.completions[0]
        typed = request.document.before(completion.span.start) + completion.text
        expected = (request.cursor.line, typed)
        if ls.expected.get(uri) != expected:
            ls.expected[uri] = expected
            _instead(ls, uri, prefetch(request, completion, *ls.answering))
    if outcome.cached and uri not in ls.preparing:
        expect(ls, request, Urgency.IDLE)


def expect(ls: Session, request: Request, urgency: Urgency = Urgency.WARM_UP) -> None:
    """Let the model read what surrounds the cursor, because somebody may type there."""
    if ls.settings.completion.prefetch and not closed(request.document, ls.settings):
        settings, _, engine = ls.answering
        _instead(ls, request.document.uri, read_ahead(request, settings, engine, urgency))


def _instead(ls: Session, uri: str, work: Coroutine[None, None, None]) -> None:
    """Do `work` in place of what is being prepared for the same document."""
    if (older := ls.preparing.get(uri)) is not None:
        older.cancel()
    task = ls.preparing[uri] = asyncio.create_task(_quietly(work))
    task.add_done_callback(lambda _: _forget(ls, uri, task))


def _forget(ls: Session, uri: str, task: asyncio.Task[None]) -> None:
    if ls.preparing.get(uri) is task:
        del ls.preparing[uri]


async def _quietly(work: Coroutine[None, None, None]) -> None:
    with contextlib.suppress(SlmLspError):  # the status tells about the engine
        await work
