"""From a frame to an edit: the model writes, and its text is checked before anybody sees it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from slm_lsp.completion.generate import generate
from slm_lsp.completion.prompt import prompt_for
from slm_lsp.completion.request import Request
from slm_lsp.context.secrets import MASK
from slm_lsp.context.syntax import errors_added, parse
from slm_lsp.engine.protocol import Generate, Urgency, next_id
from slm_lsp.errors import ActionRefused
from slm_lsp.text import Completion, Edit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slm_lsp.actions.frame import Frame
    from slm_lsp.completion.generate import Draft
    from slm_lsp.config import Settings
    from slm_lsp.context.syntax import Syntax
    from slm_lsp.engine.protocol import Engine
    from slm_lsp.text import Document

MAX_TOKENS = 128
"""The longest answer. Stop rules end most of them far earlier."""

SAMPLES = 3
"""Answers that begin differently, written side by side once the first was no good."""


async def write(
    frame: Frame,
    document: Document,
    settings: Settings,
    engine: Engine,
    grown: Callable[[str], None],
) -> Edit:
    """Return the edit of `document` that `frame` asks for. Raises ActionRefused or EngineError.

    Cancelling this cancels the model's work soon. `grown` hears what has been written so far. What
    fails the checks is tried once more, with other beginnings.
    """
    reading = await asyncio.to_thread(_request, frame)
    syntax = await asyncio.to_thread(parse, document)
    first = await _drafts(frame, reading, settings, engine, grown, 1)
    edit, _ = await asyncio.to_thread(_checked, frame, document, syntax, first)
    if edit is None:
        more = await _drafts(frame, reading, settings, engine, grown, SAMPLES)
        edit, reason = await asyncio.to_thread(_checked, frame, document, syntax, more)
    if edit is None:
        raise ActionRefused(f"{frame.title}: nothing came of it. {reason}")
    return edit


def _request(frame: Frame) -> Request:
    return Request(frame.reading, parse(frame.reading), frame.cursor, invoked=True)


async def _drafts(
    frame: Frame,
    reading: Request,
    settings: Settings,
    engine: Engine,
    grown: Callable[[str], None],
    branches: int,
) -> Sequence[Draft]:
    question = Generate(
        next_id(),
        # Apart from the document's ghost text, which would end it, and which it would end.
        f"{reading.document.uri}#action",
        prompt_for(reading, settings),
        MAX_TOKENS,
        frame.stop.strings,
        Urgency.ACTION,
        branches=branches,
    )
    generation = await generate(engine, question, frame.stop, grown)
    if generation.ended:
        raise ActionRefused(f"{frame.title}: another action took its place.")
    return generation.drafts


def _checked(
    frame: Frame, document: Document, syntax: Syntax | None, drafts: Sequence[Draft]
) -> tuple[Edit | None, str]:
    """Return the edit that the first sound one of `drafts` makes, or what the first one lacks."""
    reasons = []
    for draft in drafts:
        try:
            reasons.append("The model had nothing to write there.")
            for written in frame.texts(draft):
                text = document.with_line_endings(written)
                if MASK in text:
                    reasons[-1] = "The model wrote what stands for a secret."
                elif errors_added(document, syntax, Completion(text, frame.span, 1.0)):
                    reasons[-1] = "What the model wrote would break the syntax."
                else:
                    return Edit(frame.span, text), ""
        except ActionRefused as error:
            reasons[-1] = str(error)
    return None, reasons[0]
