"""From what the model wrote to what may be shown: cut, and refused rather than shown broken."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from slm_lsp.context.secrets import MASK
from slm_lsp.context.syntax import errors_added
from slm_lsp.phrase import may_end
from slm_lsp.text import Completion, Span, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slm_lsp.completion.generate import Draft
    from slm_lsp.completion.request import Request
    from slm_lsp.text import Document

MAX_SAME_LINES = 2
"""A line that comes a third time is a model going round in circles."""

MAX_SHORTENED = 4
"""Shorter starts of a text that are tried where the whole would break the syntax."""

_CLOSERS = {")": "(", "]": "[", "}": "{"}
_CIRCLING = re.compile(r"(.{2,24}?)\1{4,}")


def tidy(request: Request, drafts: Sequence[Draft]) -> tuple[tuple[Completion, ...], str]:
    """Return what is left to offer, the likeliest first, or nothing and the reason."""
    found: dict[str, Completion] = {}
    reasons: list[str] = []
    for draft in drafts:
        completion, reason = _tidied(request, draft)
        if completion is None:
            reasons.append(reason)
        else:
            found.setdefault(completion.text, completion)
    if not found:
        return (), reasons[0]
    return tuple(sorted(found.values(), key=lambda it: -it.confidence)), ""


def _tidied(request: Request, draft: Draft) -> tuple[Completion | None, str]:
    document, cursor = request.document, request.cursor
    text = visible(draft.text)
    if MASK in text or text.rstrip().endswith(MASK[:-1]):
        return None, "a secret"
    if draft.cut:
        text = _whole_words(text)
    text = without_circles(text)
    begun, below = document.before(cursor), next_line(document, cursor.line)
    text = without_following(text, document.after(cursor), below, begun)
    text = text.rstrip()
    if not text.strip():
        return None, "not sure enough" if draft.reason == "doubt" else "nothing to offer"
    for end in _ends(text):
        part = text[:end]
        completion = Completion(
            document.with_line_endings(part), Span.at(cursor), draft.confidence(end)
        )
        if errors_added(document, request.syntax, completion) == 0:
            return completion, ""
    return None, "would break the syntax"


def _ends(text: str) -> Iterator[int]:
    """Yield where `text` might end, its own end first: each costs a parse, so they are few."""
    yield len(text)
    shorter = (end for end in range(len(text) - 1, 0, -1) if may_end(text[:end], text[end:]))
    yield from itertools.islice(shorter, MAX_SHORTENED)


def without_circles(text: str) -> str:
    """Cut `text` where it starts to repeat itself: a line for the third time, or a short period."""
    if (match := _CIRCLING.search(text)) and not match[1].isspace() and len(set(match[1])) > 1:
        text = text[: match.end(1)]
    lines = text.split("\n")
    seen: dict[str, int] = {}
    for number, line in enumerate(lines):
        key = line.strip()
        if len(key) > 1:
            seen[key] = seen.get(key, 0) + 1
            if seen[key] > MAX_SAME_LINES:
                return "\n".join(lines[:number])
    return text


def without_following(text: str, after: str, below: str, begun: str = "") -> str:
    """Cut from `text` what already stands after the cursor.

    `after` is the rest of the cursor's line, `begun` its start and `below` the next line that is
    not blank. Where `after` has something, only one line is offered, less the end that `after`
    begins with; where it has not, the text ends before a line equal to `below`.
    """
    rest, same = after.strip(), below.strip()
    if not rest:
        lines = text.split("\n")
        repeats = (number for number, line in enumerate(lines) if line.strip() == same)
        end = 0 if (begun + lines[0]).strip() == same else next(repeats, len(lines))
        return "\n".join(lines[:end]) if same else text
    line = text.split("\n", 1)[0].rstrip()
    starts = range(max(len(line) - len(rest), 0), len(line))
    overlaps = (at for at in starts if rest.startswith(line[at:]) and _closes_unopened(line, at))
    return line[: next(overlaps, len(line))]


def _closes_unopened(text: str, start: int) -> bool:
    """Tell whether the end of `text` from `start` on is not the counterpart of what it opened."""
    closer = text[start : start + 1]
    opener = _CLOSERS.get(closer)
    return opener is None or text.count(opener, 0, start) <= text.count(closer, 0, start)


def _whole_words(text: str) -> str:
    """Drop a last word that the token budget may have cut in the middle."""
    return re.sub(r"\w+\Z", "", text)


def next_line(document: Document, line: int) -> str:
    """Return the first visible one of the three lines below `line`, or nothing."""
    below = document.lines.slice(line + 1, line + 4)
    return next((text for text in below if text.strip()), "")
