"""Answers already given, also for those who have since typed a part of them.

An answer to "prefix | suffix" is an answer to "prefix + its own beginning | suffix" too: it is what
is left of it. So typing what the ghost text says never asks the model, and never flickers.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slm_lsp.text import Completion, Span

if TYPE_CHECKING:
    from slm_lsp.completion.request import Request
    from slm_lsp.engine.protocol import Prompt
    from slm_lsp.text import Cursor, Document

CAPACITY = 64
"""Answers kept. Each holds its prompt, a few kilobytes."""


@dataclass(frozen=True, slots=True)
class _Answer:
    uri: str
    cursor: Cursor
    prompt: Prompt
    completion: Completion | None  # None: this place is known to have nothing to offer
    dropped: str


class Cache:
    """The most recent answers."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, Cursor, Prompt], _Answer] = OrderedDict()

    def put(
        self, request: Request, prompt: Prompt, completion: Completion | None, dropped: str
    ) -> None:
        """Remember what was answered to `request`, which the model saw as `prompt`."""
        answer = _Answer(request.document.uri, request.cursor, prompt, completion, dropped)
        key = (answer.uri, answer.cursor, prompt)
        self._answers[key] = answer
        self._answers.move_to_end(key)
        while len(self._answers) > CAPACITY:
            self._answers.popitem(last=False)

    def get(self, request: Request, prompt: Prompt) -> tuple[Completion | None, str] | None:
        """Return the answer that holds for `request`, with the reason if it is nothing, or None."""
        for answer in reversed(self._answers.values()):
            if answer.uri == request.document.uri:
                typed = _between(request.document, answer.cursor, request.cursor)
                if typed is not None and _same_place(answer.prompt, prompt, typed):
                    rest = _rest(answer, typed, request.cursor)
                    if rest is not None or not typed:
                        return rest, answer.dropped
        return None

    def forget(self, uri: str) -> None:
        """Drop what is known of a document that was closed."""
        for key in [key for key in self._answers if key[0] == uri]:
            del self._answers[key]


def _rest(answer: _Answer, typed: str, cursor: Cursor) -> Completion | None:
    """Return what is left of an answer after a part of it has been typed, or None."""
    completion = answer.completion
    if completion is None or not completion.text.startswith(typed):
        return None
    left = completion.text[len(typed) :]
    return replace(completion, text=left, span=Span.at(cursor)) if left else None


def _between(document: Document, start: Cursor, end: Cursor) -> str | None:
    """Return the text from `start` to `end`, or None where that is not a little text typed on."""
    if not start <= end or end.line - start.line > 20 or start.line >= len(document.lines):
        return None
    if start.line == end.line:
        return document.lines[end.line][start.column : end.column]
    first, *whole = document.lines.slice(start.line, end.line)
    return first[start.column :] + "".join(whole) + document.before(end)


def _same_place(old: Prompt, new: Prompt, typed: str) -> bool:
    """Tell whether `new` is `old` with `typed` at its cursor, as far as both windows reach."""
    before = old.prefix + typed.replace("\r\n", "\n")
    reach = min(len(before), len(new.prefix))
    return (old.path, old.language, old.suffix) == (new.path, new.language, new.suffix) and before[
        len(before) - reach :
    ] == new.prefix[len(new.prefix) - reach :]
