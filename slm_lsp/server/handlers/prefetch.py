"""Work on suspicion: what the user will probably ask next is prepared while nobody waits.

`slm-lsp/didMoveCursor`: the user went to another place, and may type there.

Not in the specification, which tells a server where the cursor is only when it is asked for
something. Parameters: `textDocument` and `position`, as in a request for ghost text.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from slm_lsp.completion.eligibility import closed
from slm_lsp.completion.prefetch import prefetch, read_ahead
from slm_lsp.completion.request import Request
from slm_lsp.errors import SlmLspError
from slm_lsp.inference.protocol import Priority
from slm_lsp.server.positions import given_position, to_cursor
from slm_lsp.server.schemes import is_editable

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from slm_lsp.completion.request import CompletionResult
    from slm_lsp.server.session import Session


def prepare(ls: Session, request: Request, outcome: CompletionResult) -> None:
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
        expect(ls, request, Priority.IDLE)


def expect(ls: Session, request: Request, urgency: Priority = Priority.WARM_UP) -> None:
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


def did_move_cursor(ls: Session, params: Any) -> None:
    """Let the model read what surrounds the cursor."""
    place = given_position(getattr(params, "position", None))
    buffer = ls.documents.get(getattr(getattr(params, "textDocument", None), "uri", ""))
    if place is None or buffer is None or not is_editable(buffer.document.uri):
        return
    cursor = to_cursor(buffer.document, place, ls.encoding)
    definitions = ls.definitions_for(buffer, cursor)
    cells = ls.notebooks.above(buffer.document)
    document, parsed = buffer.document, buffer.parsed
    expect(ls, Request(document, parsed, cursor, definitions=definitions, cells=cells))
