"""Answers already given, also for those who have since typed a part of them.

An answer to "prefix | suffix" is an answer to "prefix + its own beginning | suffix" too: it is what
is left of it. So typing what the ghost text says never asks the model, and never flickers.

Telling what was typed since an earlier request, if that is all that happened.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slm_lsp.completion.request import CompletionResult
from slm_lsp.text.document import Span, unix

if TYPE_CHECKING:
    from slm_lsp.completion.request import Request
    from slm_lsp.inference.protocol import Prompt
    from slm_lsp.text.document import Completion, Cursor

MAX_LINES = 20
"""Lines typed on at the most; more was pasted, and no answer is as long."""


def typed_since(before: Request, prompt: Prompt, now: Request, prompt_now: Prompt) -> str | None:
    """Return what was typed between two requests, which the model saw as their prompts.

    None where anything else changed within the windows, or the cursor moved otherwise.
    """
    typed = between(before, now)
    return typed if typed is not None and same_windows(prompt, prompt_now, typed) else None


def between(before: Request, now: Request) -> str | None:
    """Return what stands between the cursors of two requests: typed, if nothing else changed.

    None where the second cursor is not behind the first, or far from it.
    """
    document, start, end = now.document, before.cursor, now.cursor
    if (
        (before.document.uri, before.cells) != (document.uri, now.cells)
        or not start <= end
        or end.line - start.line > MAX_LINES
        or start.line >= len(document.lines)
    ):
        return None
    if start.line == end.line:
        return document.lines[end.line][start.column : end.column]
    first, *whole = document.lines.slice(start.line, end.line)
    return first[start.column :] + "".join(whole) + document.before(end)


def same_around(before: Request, now: Request) -> bool:
    """Tell whether two documents differ only in what stands between the cursors.

    Costs microseconds at any length of the file, and needs neither window nor tree.
    """
    old, new = before.document, now.document
    start, end = before.cursor, now.cursor
    return (
        len(old.lines) - start.line == len(new.lines) - end.line
        and old.before(start) == new.lines[start.line][: start.column]
        and old.after(start) == new.after(end)
        and old.lines.same_around(new.lines, start.line, len(old.lines) - 1 - start.line)
    )


def same_windows(old: Prompt, new: Prompt, typed: str) -> bool:
    """Tell whether `new` is `old` with `typed` at its cursor, as far as both windows reach."""
    before = old.prefix + unix(typed)
    reach = min(len(before), len(new.prefix))
    return (old.path, old.language, old.suffix) == (new.path, new.language, new.suffix) and before[
        len(before) - reach :
    ] == new.prefix[len(new.prefix) - reach :]


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
    def of(cls, request: Request, prompt: Prompt, outcome: CompletionResult) -> _Answer:
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

    def put(self, request: Request, prompt: Prompt, outcome: CompletionResult) -> None:
        """Remember what was answered to `request`, which the model saw as `prompt`."""
        key = (request.document.uri, request.cursor, prompt)
        self._answers[key] = _Answer.of(request, prompt, outcome)
        self._answers.move_to_end(key)
        while len(self._answers) > CAPACITY:
            self._answers.popitem(last=False)

    def get(self, request: Request, prompt: Prompt | None = None) -> CompletionResult | None:
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
                return CompletionResult(left, answer.dropped, cached=True)
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
