"""From a frame to an edit: the model writes, and its text is checked before anybody sees it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.actions.frame import Gap
from slm_lsp.completion.generate import generate
from slm_lsp.completion.request import Request, prompt_for
from slm_lsp.context.secrets import MASK
from slm_lsp.errors import ActionRefused
from slm_lsp.inference.protocol import (
    Chat,
    Generate,
    Priority,
    Prompt,
    next_id,
)
from slm_lsp.syntax.syntax import errors_added, parse
from slm_lsp.text.document import Completion, Edit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slm_lsp.actions.frame import Frame
    from slm_lsp.completion.generate import Draft
    from slm_lsp.inference.protocol import Engine
    from slm_lsp.settings.schema import Settings
    from slm_lsp.syntax.syntax import Syntax
    from slm_lsp.text.document import Document

MAX_TOKENS = 128
"""The longest text in a gap. Stop rules end most of them far earlier."""

MAX_CHAT_TOKENS = 512
"""The longest answer to a task: as much as the engine has room for."""

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
    asking = _Asking(frame, document.uri, await _prompt(frame, settings), engine, grown)
    syntax = await asyncio.to_thread(parse, document)
    first = await asking.drafts(1)
    edit, _ = await asyncio.to_thread(_checked, frame, document, syntax, first)
    if edit is None:
        more = await asking.drafts(SAMPLES)
        edit, reason = await asyncio.to_thread(_checked, frame, document, syntax, more)
    if edit is None:
        raise ActionRefused(f"{frame.title}: nothing came of it. {reason}")
    return edit


async def explain(
    frame: Frame,
    document: Document,
    settings: Settings,
    engine: Engine,
    grown: Callable[[str], None],
) -> str:
    """Return what `frame` asks for as a text to show. Raises ActionRefused or EngineError.

    Cancelling this cancels the model's work soon. `grown` hears what has been written so far.
    """
    prompt = await _prompt(frame, settings)
    [draft] = await _Asking(frame, document.uri, prompt, engine, grown).drafts(1)
    text = next(iter(frame.texts(draft)), "")
    if not text:
        raise ActionRefused(f"{frame.title}: the model had nothing to say.")
    return text


async def _prompt(frame: Frame, settings: Settings) -> Prompt | Chat:
    """Make the prompt; one for a gap takes a parse, which is done in a thread."""
    match frame.asks:
        case Gap(document, cursor):
            syntax = await asyncio.to_thread(parse, document)
            return prompt_for(Request(document, syntax, cursor, invoked=True), settings)
        case chat:
            return chat


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks the model for what a frame wants, once or more."""

    frame: Frame
    uri: str
    prompt: Prompt | Chat
    engine: Engine
    grown: Callable[[str], None]

    async def drafts(self, branches: int) -> Sequence[Draft]:
        """Return as many answers. Raises ActionRefused where something else came first."""
        question = Generate(
            next_id(),
            # Apart from the document's ghost text, which would end it, and which it would end.
            f"{self.uri}#action",
            self.prompt,
            MAX_TOKENS if isinstance(self.prompt, Prompt) else MAX_CHAT_TOKENS,
            self.frame.stop.strings,
            Priority.ACTION,
            branches=branches,
        )
        generation = await generate(self.engine, question, self.frame.stop, self.grown)
        if generation.ended:
            raise ActionRefused(f"{self.frame.title}: another action took its place.")
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
