"""`textDocument/completion`: the same for editors that have menus but no ghost text.

Off unless `completion.menu` is on: whoever has ghost text would see everything twice.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from lsprotocol import types

from slm_lsp.server.handlers.answering import answer, offer
from slm_lsp.server.handlers.commands import accept_command
from slm_lsp.server.positions import to_range
from slm_lsp.text.document import Cursor, Span, unix

if TYPE_CHECKING:
    from slm_lsp.completion.request import Request
    from slm_lsp.server.session import Session
    from slm_lsp.text.document import Completion

LAST = "~"
"""Sorts after every identifier: what a compiler knows stands above what a model guesses."""

_WORD = re.compile(r"\w*\Z")


async def completion(ls: Session, params: types.CompletionParams) -> types.CompletionList | None:
    """Answer with at most one item; null once a newer request replaces this one.

    Editors say "invoked" at every typed letter too, so only where nothing is offered unasked does
    it mean that somebody waits and the answer may take its time.
    """
    wanted = ls.settings.completion
    by_hand = params.context is None or (
        params.context.trigger_kind == types.CompletionTriggerKind.Invoked
    )
    answered = wanted.menu and await answer(
        ls,
        types.TEXT_DOCUMENT_COMPLETION,
        params,
        invoked=by_hand and wanted.trigger == "manual",
    )
    if not answered:
        return None
    request, outcome = answered
    whole = [_with_word(request, it) for it in outcome.completions[:1]]
    items = offer(ls, request, outcome, whole)
    # Incomplete: the next key may have another answer, so editors must not filter this one only.
    menu = [_item(ls, request, number, completion) for number, completion in items.items()]
    return types.CompletionList(is_incomplete=True, items=menu)


def _item(ls: Session, request: Request, number: str, whole: Completion) -> types.CompletionItem:
    span = to_range(request.document, whole.span, ls.encoding)
    text = unix(whole.text)  # editors write the document's line ends themselves
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = lines[0] if lines else text
    return types.CompletionItem(
        label=first,
        kind=types.CompletionItemKind.Text,
        detail="slm-lsp",
        documentation=text if len(lines) > 1 else None,
        sort_text=LAST,
        filter_text=first,
        insert_text_format=types.InsertTextFormat.PlainText,
        insert_text_mode=types.InsertTextMode.AsIs,
        text_edit=types.TextEdit(span, text),
        command=accept_command(number),
    )


def _with_word(request: Request, completion: Completion) -> Completion:
    """Return it with the word that it continues, which editors filter their menus by."""
    start = completion.span.start
    match = _WORD.search(request.document.before(start))
    word = match.group() if match else ""
    span = Span(Cursor(start.line, start.column - len(word)), completion.span.end)
    return replace(completion, text=word + completion.text, span=span)
