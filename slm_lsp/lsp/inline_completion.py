"""`textDocument/inlineCompletion`: ghost text."""

from __future__ import annotations

import asyncio
import functools
import logging
from typing import TYPE_CHECKING

import msgspec
from lsprotocol import types

from slm_lsp.completion.complete import complete
from slm_lsp.completion.request import Outcome, Request
from slm_lsp.errors import SlmLspError
from slm_lsp.lsp.execute_command import ACCEPT
from slm_lsp.lsp.positions import to_cursor, to_range
from slm_lsp.lsp.preparation import prepare

if TYPE_CHECKING:
    from slm_lsp.lsp.session import Session
    from slm_lsp.text import Completion

log = logging.getLogger(__name__)

ALTERNATIVES = 3
"""Completions for somebody who asks by hand; editors let their users page through them."""

AFTERWARDS_S = 0.005
"""Seconds after an answer was found until anything else is done about it: first it has to leave."""

TIMINGS = "slm-lsp/timings"
"""Sent after each answer to clients that announce the experimental capability `slmLspTimings`."""


async def inline_completion(
    ls: Session, params: types.InlineCompletionParams
) -> types.InlineCompletionList | None:
    """Answer with what is offered at the cursor; null once a newer request replaces this one."""
    uri = params.text_document.uri
    if (buffer := ls.documents.get(uri)) is None:
        return None
    cursor = to_cursor(buffer.document, params.position, ls.encoding)
    invoked = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
    wanted = ALTERNATIVES if invoked else 1
    settle = functools.partial(ls.documents.settle, buffer)
    request = Request(
        buffer.document,
        buffer.parsed,
        cursor,
        invoked,
        wanted,
        settle,
        undone=buffer.undone,
        definitions=ls.definitions_for(buffer, cursor),
    )

    outcome = await _newest(ls, request)
    if outcome is None:
        return None
    asyncio.get_running_loop().call_later(AFTERWARDS_S, _afterwards, ls, request, outcome)
    return types.InlineCompletionList([_item(ls, request, it) for it in outcome.completions])


async def _newest(ls: Session, request: Request) -> Outcome | None:
    """Complete `request`, or return None when a newer one for its document replaced it."""
    uri = request.document.uri
    if (older := ls.running.get(uri)) is not None:
        older.cancel()
    task = asyncio.create_task(_complete(ls, request))
    ls.running[uri] = task
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:  # the client's $/cancelRequest
        task.cancel()
        raise
    finally:
        if ls.running.get(uri) is task:
            del ls.running[uri]
    return None if task.cancelled() else task.result()


async def _complete(ls: Session, request: Request) -> Outcome:
    ls.status.started()
    try:
        return await complete(request, ls.settings, ls.answers, ls.engine)
    except SlmLspError as error:
        # The status says so already; an error reply would pop up at every key.
        log.warning("no completion: %s", error)
        return Outcome(dropped="the engine is not available")
    finally:
        ls.status.ended()


def _item(ls: Session, request: Request, completion: Completion) -> types.InlineCompletionItem:
    document = request.document
    number = ls.offers.add(document.language, completion.text)
    return types.InlineCompletionItem(
        insert_text=completion.text,
        range=to_range(document, completion.span, ls.encoding),
        command=types.Command("Accept", ACCEPT, arguments=[number]),
    )


def _afterwards(ls: Session, request: Request, outcome: Outcome) -> None:
    _report(ls, request, outcome)
    prepare(ls, request, outcome)


def _report(ls: Session, request: Request, outcome: Outcome) -> None:
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
