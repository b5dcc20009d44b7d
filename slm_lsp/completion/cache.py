"""Answers already given, also for those who have since typed a part of them.

An answer to "prefix | suffix" is an answer to "prefix + its own beginning | suffix" too: it is what
is left of it. So typing what the ghost text says never asks the model, and never flickers.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slm_lsp.completion.request import Outcome
from slm_lsp.completion.typed import between, same_around, same_windows
from slm_lsp.text import Span

if TYPE_CHECKING:
    from slm_lsp.completion.request import Request
    from slm_lsp.engine.protocol import Prompt
    from slm_lsp.text import Completion, Cursor

CAPACITY = 64
"""Answers kept. Each holds its prompt, a few kilobytes."""


@dataclass(frozen=True, slots=True)
class _Answer:
    request: Request
    prompt: Prompt
    completions: tuple[Completion, ...]  # none: this place is known to have nothing to offer
    dropped: str
    longest: int  # code points
    line_ends: int

    @classmethod
    def of(cls, request: Request, prompt: Prompt, outcome: Outcome) -> _Answer:
        texts = [completion.text for completion in outcome.completions]
        longest = max(map(len, texts), default=0)
        line_ends = max((text.count("\n") for text in texts), default=0)
        return cls(request, prompt, outcome.completions, outcome.dropped, longest, line_ends)

    def reaches(self, cursor: Cursor) -> bool:
        """Tell at no cost of most answers that they were typed past: `cursor` is too far on."""
        start = self.request.cursor
        if start.line == cursor.line:
            return 0 <= cursor.column - start.column <= self.longest
        return 0 < cursor.line - start.line <= self.line_ends


class Cache:
    """The most recent answers."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, Cursor, Prompt], _Answer] = OrderedDict()

    def put(self, request: Request, prompt: Prompt, outcome: Outcome) -> None:
        """Remember what was answered to `request`, which the model saw as `prompt`."""
        key = (request.document.uri, request.cursor, prompt)
        self._answers[key] = _Answer.of(request, prompt, outcome)
        self._answers.move_to_end(key)
        while len(self._answers) > CAPACITY:
            self._answers.popitem(last=False)

    def get(self, request: Request, prompt: Prompt | None = None) -> Outcome | None:
        """Return what is known to be the answer to `request`, or None.

        Without the `prompt` that the model would see, only where all the document is as it was.
        """
        for answer in reversed(self._answers.values()):
            if not answer.reaches(request.cursor) or not request.served_by(answer.request):
                continue
            typed = between(answer.request, request)
            if typed is None:
                continue
            rests = (_rest(it, typed, request.cursor) for it in answer.completions)
            left = tuple(rest for rest in rests if rest is not None)
            # Last what costs most: along a line, nearly every answer has been typed away from.
            if (left or not typed) and _holds(answer, request, prompt, typed):
                return Outcome(left, answer.dropped, cached=True)
        return None

    def forget(self, uri: str) -> None:
        """Drop what is known of a document that was closed."""
        for key in [key for key in self._answers if key[0] == uri]:
            del self._answers[key]


def _holds(answer: _Answer, request: Request, prompt: Prompt | None, typed: str) -> bool:
    """Tell whether nothing but `typed` was added since `answer` that it could depend on."""
    if prompt is None:
        return same_around(answer.request, request)
    return same_windows(answer.prompt, prompt, typed)


def _rest(completion: Completion, typed: str, cursor: Cursor) -> Completion | None:
    """Return what is left of a completion after a part of it has been typed, or None."""
    if not completion.text.startswith(typed):
        return None
    left = completion.text[len(typed) :]
    return replace(completion, text=left, span=Span.at(cursor)) if left else None
