"""What every request for a completion has in common, whatever the editor makes of the answer."""

from __future__ import annotations

import asyncio
import functools
import logging
import uuid
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.completion.complete import complete
from slm_lsp.completion.request import CompletionResult, Request
from slm_lsp.errors import SlmLspError
from slm_lsp.server.handlers.prefetch import prepare
from slm_lsp.server.positions import to_cursor
from slm_lsp.server.schemes import is_editable
from slm_lsp.server.status import AFTERWARDS_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lsprotocol import types

    from slm_lsp.server.session import Session
    from slm_lsp.text.document import Completion

log = logging.getLogger(__name__)

TIMINGS = "slm-lsp/timings"
"""Sent after each answer to clients that announce the experimental capability `slmLspTimings`."""


async def answer(
    ls: Session,
    method: str,
    place: types.InlineCompletionParams | types.CompletionParams,
    *,
    invoked: bool,
    alternatives: int = 1,
) -> tuple[Request, CompletionResult] | None:
    """Complete at `place`; None where no such document is open or a newer request replaced this.

    Only requests of the same `method` replace one another: an editor may use both.
    """
    if (buffer := ls.documents.get(place.text_document.uri)) is None:
        return None
    cursor = to_cursor(buffer.document, place.position, ls.encoding)
    settle = functools.partial(ls.documents.settle, buffer)
    request = Request(
        *(buffer.document, buffer.parsed, cursor, invoked, alternatives, settle),
        undone=buffer.undone,
        rejected=ls.offered.is_rejected(buffer.document, cursor),
        cells=ls.notebooks.above(buffer.document),
        definitions=ls.definitions_for(buffer, cursor),
        calibration=ls.usage.calibration,
    )
    outcome = await _newest(ls, method, request)
    if outcome is None or ls.documents.get(request.document.uri) is None:
        return None  # replaced, or closed just when the answer was there
    ls.offered.remember(request.document, request.cursor, outcome.completions)
    asyncio.get_running_loop().call_later(AFTERWARDS_S, _afterwards, ls, request, outcome)
    return request, outcome


def offer(
    ls: Session, request: Request, outcome: CompletionResult, completions: Sequence[Completion]
) -> dict[str, Completion]:
    """Give each of the `completions` that go to the editor the id that its feedback will name."""
    items = {str(uuid.uuid4()): completion for completion in completions}
    ls.usage.answered(request.document, items, outcome.timings.total_ms)
    return items


async def _newest(ls: Session, method: str, request: Request) -> CompletionResult | None:
    """Complete `request`, or return None when a newer one for its document replaced it."""
    key = (request.document.uri, method)
    if (older := ls.running.get(key)) is not None:
        older.cancel()
    task = asyncio.create_task(_complete(ls, request))
    ls.running[key] = task
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:  # the client's $/cancelRequest
        task.cancel()
        raise
    finally:
        if ls.running.get(key) is task:
            del ls.running[key]
    return None if task.cancelled() else task.result()


async def _complete(ls: Session, request: Request) -> CompletionResult:
    if not is_editable(request.document.uri):
        return CompletionResult(dropped="nobody writes here")
    ls.status.started()
    try:
        return await complete(request, *ls.answering)
    except SlmLspError as error:
        # The status says so already; an error reply would pop up at every key.
        log.warning("no completion: %s", error)
        return CompletionResult(dropped="the engine is not available")
    finally:
        ls.status.ended()


def _afterwards(ls: Session, request: Request, outcome: CompletionResult) -> None:
    _report(ls, request, outcome)
    if ls.documents.get(request.document.uri) is not None:  # or the work would outlive it
        prepare(ls, request, outcome)


def _report(ls: Session, request: Request, outcome: CompletionResult) -> None:
    experimental = ls.client_capabilities.experimental
    if not (isinstance(experimental, dict) and experimental.get("slmLspTimings")):
        return
    ls.protocol.notify(
        TIMINGS,
        {
            "uri": request.document.uri,
            "version": request.document.version,
            "cacheHit": outcome.cached,
            "joined": outcome.joined,
            "dropped": outcome.dropped or None,
            "timings": msgspec.to_builtins(outcome.timings),
        },
    )
