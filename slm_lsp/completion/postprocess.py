"""From what the model wrote to what may be shown: cut, and refused rather than shown broken."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from slm_lsp.context.secrets import MASK
from slm_lsp.syntax import languages
from slm_lsp.syntax.closers import closing
from slm_lsp.syntax.position import indentation, inside, next_line
from slm_lsp.syntax.syntax import errors_added
from slm_lsp.text.boundaries import (
    is_fragment,
    leaves_open,
    may_end,
    needs_more,
)
from slm_lsp.text.document import Completion, Span, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slm_lsp.completion.generate import Draft
    from slm_lsp.completion.request import Request
    from slm_lsp.syntax.languages import Language

MAX_PERIOD = 4
"""Lines that a model repeats when it goes round in circles."""

MIN_UNSURE = 3
"""Characters: where the model was not sure, accepting less saves no keys."""

MAX_SHORTENED = 4
"""Shorter starts of a text that are tried where the whole would break the syntax."""

VALUE_LAST = ("rust", "ruby", "scala")
"""Languages where the last expression of a function is its value: there `self` may stand alone."""

_CLOSERS = {")": "(", "]": "[", "}": "{"}
_SURFACE = re.compile(r"\s+|[\"'`]|;\s*\Z")
_CIRCLING = re.compile(r"(.{2,24}?)\1{4,}\s*\Z")


def tidy(request: Request, drafts: Sequence[Draft]) -> tuple[tuple[Completion, ...], str]:
    """Return what is left to offer, or nothing and the reason.

    First comes what the first draft became: that is what is offered where nobody asks. The others
    follow, the likeliest first, but for those that only have other blanks or quotes.
    """
    found: list[Completion] = []
    reasons: list[str] = []
    for draft in drafts:
        completion, reason = _tidied(request, draft)
        if completion is None:
            reasons.append(reason)
        else:
            found.append(completion)
    if not found:
        return (), reasons[0]
    automatic, *others = found
    distinct = {_SURFACE.sub("", automatic.text): automatic}
    for other in sorted(others, key=lambda it: -it.confidence):
        distinct.setdefault(_SURFACE.sub("", other.text), other)
    return tuple(distinct.values()), ""


def _tidied(request: Request, draft: Draft) -> tuple[Completion | None, str]:
    document, cursor = request.document, request.cursor
    written = visible(draft.text)
    if MASK in written or written.rstrip().endswith(MASK[:-1]):
        return None, "a secret"
    begun, below = document.before(cursor), next_line(document, cursor.line)
    text = without_indentation(written, begun)
    lead = len(written) - len(text)  # of the tokens, for the confidence
    text = without_circles(text)
    text = without_following(text, document.after(cursor), below, begun)
    text = without_open_end(text.rstrip(), languages.find(document.language))
    unsure = "not sure enough" if draft.reason == "doubt" else "nothing to offer"
    if not text.strip():
        return None, unsure
    dropped = unsure
    for part in _candidates(text, request, draft, below):
        completion = Completion(
            document.with_line_endings(part), Span.at(cursor), draft.confidence(lead + len(part))
        )
        if errors_added(document, request.syntax, completion) == 0:
            return completion, ""
        dropped = "would break the syntax"
    return None, unsure if draft.unfinished else dropped


def _candidates(text: str, request: Request, draft: Draft, below: str) -> Iterator[str]:
    """Yield what may be offered of `text`, all of it first: each costs a parse, so they are few.

    `below` is the next line that is not blank.
    """
    document, cursor = request.document, request.cursor
    begun, language = document.before(cursor), languages.find(document.language)
    is_code = bool(language.grammar) and language.complete and not language.host
    if draft.unfinished:
        following = text[-1:] if draft.cut else ""  # perhaps in the midst of a word
        if may_end(text, following) and _is_worth_a_key(begun, text):
            yield text
    elif (
        not (is_code and _goes_on(begun, text, language))
        or _opens_below(begun, text, below)
        or inside(request.syntax, cursor) != "code"
    ):
        yield text
    if not document.after(cursor).strip() and (closer := closing(text, begun, language)):
        yield text + closer
    shorter = (end for end in range(len(text) - 1, 0, -1) if may_end(text[:end], text[end:]))
    for end in itertools.islice(shorter, MAX_SHORTENED):
        worth = _is_worth_a_key(begun, text[:end]) if draft.unfinished else True
        if worth and not is_fragment(_last_line(begun, text[:end])):
            yield text[:end]


def _is_worth_a_key(begun: str, text: str) -> bool:
    """Tell whether a text that the model did not end itself is more than a fragment."""
    return len(text.strip()) >= MIN_UNSURE and not is_fragment(_last_line(begun, text))


def _goes_on(begun: str, text: str, language: Language) -> bool:
    """Tell whether more has to follow a line of code that ends as `text` does."""
    line = _last_line(begun, text).strip()
    alone = line in ("self", "this", "super") and language.id not in VALUE_LAST
    return alone or needs_more(text)


def _opens_below(begun: str, text: str, below: str) -> bool:
    """Tell whether `text` ends in an opening bracket whose inside may be the lines below."""
    line, inner = indentation(_last_line(begun, text)), indentation(below)
    return text.endswith(("(", "[", "{")) and inner.startswith(line) and inner != line


def _last_line(begun: str, text: str) -> str:
    return (begun + text).rpartition("\n")[2]


def without_indentation(text: str, begun: str) -> str:
    """Take from the first line of `text` the indentation that is there already, `begun`.

    Where the model indented deeper than that, the other lines follow.
    """
    lead = indentation(text)
    if not lead or not begun or not begun.isspace():
        return text
    first, *others = text[len(lead) :].split("\n")
    if lead != begun and lead.startswith(begun):
        others = [
            begun + line.removeprefix(lead) if line.startswith(lead) else line for line in others
        ]
    return "\n".join([first, *others])


def without_circles(text: str) -> str:
    """Cut `text` where it repeats itself up to its end: a group of lines or a short period.

    What the model got out of again is repeated by right.
    """
    if (match := _CIRCLING.search(text)) and not match[1].isspace() and len(set(match[1])) > 1:
        text = text[: match.end(1)]
    lines = text.split("\n")
    rows = [lines[0].strip(), *(line.rstrip() for line in lines[1:])]
    if rows and not rows[-1]:
        rows.pop()
    for period in range(1, MAX_PERIOD + 1):
        first = len(rows) - 3 * period
        groups = [[row.strip() for row in rows[first + period * n :][:period]] for n in range(3)]
        if first >= 0 and groups[0] == groups[1] == groups[2] and _has_a_name(groups[0]):
            if rows[first + period :][:period] != rows[first + 2 * period :][:period]:
                continue  # nested, as closing brackets are
            return "\n".join(lines[: first + 2 * period])
    return text


def _has_a_name(lines: list[str]) -> bool:
    return any(len(line) > 1 for line in lines)


def without_open_end(text: str, language: Language) -> str:
    """Leave out last lines that open a block, where others stand before them."""
    while "\n" in text:
        head, _, last = text.rpartition("\n")
        opens = last.rstrip().endswith(language.block or "{") or closing(last, "", language)
        if last.strip() and not opens:
            break
        text = head.rstrip()
    return text


def without_following(text: str, after: str, below: str, begun: str = "") -> str:
    """Cut from `text` what already stands after the cursor.

    `after` is the rest of the cursor's line, `begun` its start and `below` the next line that is
    not blank, with its indentation. Where `after` has something, only one line is offered, less the
    end that `after` begins with; where it has not, the text ends before a line equal to `below`.
    """
    rest = after.strip()
    if not rest:
        return _before_repetition(text, begun, below)
    line = text.split("\n", 1)[0].rstrip()
    starts = range(max(len(line) - len(rest), 0), len(line))
    overlaps = (at for at in starts if rest.startswith(line[at:]) and _closes_unopened(line, at))
    return line[: next(overlaps, len(line))]


def _before_repetition(text: str, begun: str, below: str) -> str:
    """Cut `text` before a line that is equal to `below`, its indentation and depth included."""
    if not below.strip():
        return text
    at = 0
    for number, line in enumerate(text.split("\n")):
        whole = begun + line if number == 0 else line
        same = whole.rstrip() == below.rstrip()
        if same and not leaves_open(text[:at]):
            return text[: max(at - 1, 0)]
        at += len(line) + 1
    return text


def _closes_unopened(text: str, start: int) -> bool:
    """Tell whether the end of `text` from `start` on is not the counterpart of what it opened."""
    closer = text[start : start + 1]
    opener = _CLOSERS.get(closer)
    return opener is None or text.count(opener, 0, start) <= text.count(closer, 0, start)
