"""Preparing what will be asked if the completion on screen is accepted."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from slm_lsp.completion.complete import complete
from slm_lsp.completion.request import prompt_for
from slm_lsp.inference.protocol import Generate, Priority, next_id
from slm_lsp.syntax import languages
from slm_lsp.syntax.block import indent_unit
from slm_lsp.syntax.position import indentation
from slm_lsp.text.document import Cursor, Edit, Span

if TYPE_CHECKING:
    from slm_lsp.completion.answers import Answers
    from slm_lsp.completion.request import Request
    from slm_lsp.inference.protocol import Engine
    from slm_lsp.settings.schema import Settings
    from slm_lsp.syntax.tree import Syntax
    from slm_lsp.text.document import Completion, Document

PARSE_BUDGET_MS = 50.0
"""Milliseconds a prepared document may take to parse, in a thread; else it is done without."""


async def prefetch(
    request: Request,
    completion: Completion,
    settings: Settings,
    answers: Answers,
    engine: Engine,
) -> None:
    """Answer the request that follows once `completion` is accepted, and put it into the cache.

    At a line's end the next key is a line break, so the line below is prepared, too. Raises
    EngineError.
    """
    syntax = request.syntax
    edit = Edit(completion.span, completion.text)
    accepted = await asyncio.to_thread(after, request, syntax, edit)
    outcome = await complete(accepted, settings, answers, engine, Priority.PREFETCH)
    document, cursor = accepted.document, accepted.cursor
    if outcome.completions or document.after(cursor).strip():
        return
    newline = "\r\n" if document.lines[0].endswith("\r\n") else "\n"
    line_break = newline + line_below(document, cursor)
    edit = Edit(Span.at(cursor), line_break)
    below = await asyncio.to_thread(after, accepted, accepted.syntax, edit)
    await complete(below, settings, answers, engine, Priority.PREFETCH)


async def read_ahead(
    request: Request, settings: Settings, engine: Engine, urgency: Priority
) -> None:
    """Let the model read the prompt of `request` without answering it. Raises EngineError."""
    prompt = prompt_for(request, settings)
    document = request.document.uri
    question = Generate(next_id(), document, prompt, max_tokens=0, urgency=urgency)
    async with aclosing(engine.generate(question)) as events:
        async for _ in events:
            pass


def after(request: Request, syntax: Syntax | None, edit: Edit) -> Request:
    """Return the request of an editor that applied `edit` and stands at its end.

    What is known of the whole document stays the same: with another outline the prompt would begin
    otherwise, and nothing of what the model has read could be used.
    """
    before, known = request.document, request.parsed
    document = before.applied(edit, before.version)
    changed = syntax and syntax.edited(edit, before, document, PARSE_BUDGET_MS)
    return replace(
        request,
        document=document,
        parsed=known and known.unparsed(edit, before, document),
        settle=lambda _line: changed,
        cursor=_end(edit),
        invoked=False,
        undone=False,
        alternatives=1,
    )


def _end(edit: Edit) -> Cursor:
    """Return where the text that `edit` puts in ends."""
    head, newline, last = edit.text.rpartition("\n")
    start = edit.span.start
    if not newline:
        return Cursor(start.line, start.column + len(last))
    return Cursor(start.line + head.count("\n") + 1, len(last))


def line_below(document: Document, cursor: Cursor) -> str:
    """Return what an editor puts at the start of the line below `cursor`."""
    line = document.before(cursor)
    indent = indentation(line)
    if line.rstrip().endswith((":", "{", "(", "[")):
        return indent + indent_unit(document, languages.find(document.language), cursor.line)
    return indent
