"""`textDocument/inlineCompletion`: ghost text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from slm_lsp.server.handlers.answering import answer, offer
from slm_lsp.server.handlers.commands import accept_command
from slm_lsp.server.positions import to_range
from slm_lsp.text.document import unix

if TYPE_CHECKING:
    from slm_lsp.completion.request import Request
    from slm_lsp.server.session import Session
    from slm_lsp.text.document import Completion

ALTERNATIVES = 3
"""Completions for somebody who asks by hand; editors let their users page through them."""


async def inline_completion(
    ls: Session, params: types.InlineCompletionParams
) -> types.InlineCompletionList | None:
    """Answer with what is offered at the cursor; null once a newer request replaces this one."""
    invoked = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
    method, wanted = types.TEXT_DOCUMENT_INLINE_COMPLETION, ALTERNATIVES if invoked else 1
    answered = await answer(ls, method, params, invoked=invoked, alternatives=wanted)
    if answered is None:
        return None
    request, outcome = answered
    items = offer(ls, request, outcome, outcome.completions)
    return types.InlineCompletionList(
        [_item(ls, request, number, completion) for number, completion in items.items()]
    )


def _item(
    ls: Session, request: Request, number: str, completion: Completion
) -> types.InlineCompletionItem:
    return types.InlineCompletionItem(
        insert_text=unix(completion.text),  # editors write the document's line ends themselves
        range=to_range(request.document, completion.span, ls.encoding),
        command=accept_command(number),
    )
