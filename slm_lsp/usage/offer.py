"""One thing offered, from its first appearance to what became of it.

Few editors say what their users do with ghost text, but all of them send edits. So the document is
looked at: how much of what was offered stands where it was offered? Much of it at once was taken
over, little by little was typed by hand.

Whether what was taken over is still there a while later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

from slm_lsp.text.document import Span, unix
from slm_lsp.text.edits import moved, moved_span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slm_lsp.text.document import Completion, Cursor, Document, Edit
    from slm_lsp.usage.calibration import Place

AFTER_S = 30.0
"""Seconds after which it is looked at."""

PART = 0.5
"""The share of its words and signs that must be left, in their order, for a part to be kept."""

_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Taken:
    """A `text` taken over, where it stands now, and when (seconds) to look at what is left."""

    language: str
    text: str
    span: Span
    due: float

    def edited(self, edit: Edit) -> Taken:
        """Follow an edit."""
        return replace(self, span=moved_span(self.span, edit))

    def left(self, document: Document) -> Literal["kept", "kept_partly", "removed"]:
        """Return what is left of it in `document`; a change of spaces is none."""
        before = _TOKEN.findall(self.text)
        now = _TOKEN.findall(document.text_in(self.span))
        if before == now:
            return "kept"
        blocks = SequenceMatcher(None, before, now, autojunk=False).get_matching_blocks()
        share = sum(block.size for block in blocks) / max(1, len(before))
        return "kept_partly" if share >= PART else "removed"


Outcome = Literal["accepted", "partly", "typed", "rejected"]
"""All or a part of it was taken over, all of it was typed by hand, or something else happened."""

AT_ONCE = 4
"""Characters that come in one edit only when they were inserted: editors put together what somebody
types within some 150 ms. A line break or the offer's end need two, which no key types."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Something offered at `anchor`, a `place`: one of `texts`, the alternatives, by items' ids.

    Every key that types an offer on brings items with new ids for what is left of it; their texts
    here are whole. `matched` characters stand in the document, all there are where `is_complete`;
    `inserted` of them came at once. `told` is how many the editor says were taken over, `shown`
    whether it is known to be on screen.
    """

    anchor: Cursor
    texts: Mapping[str, str]
    place: Place
    matched: int = 0
    is_complete: bool = False
    inserted: int = 0
    told: int = 0
    shown: bool = False

    def looked_at(self, document: Document) -> Offer:
        """Return it with what of it stands in `document`, without drawing any conclusion."""
        found = {len(text): _common(document, self.anchor, text) for text in {*self.texts.values()}}
        complete = any(matched == length for length, matched in found.items())
        return replace(self, matched=max(found.values()), is_complete=complete)

    def edited(self, edit: Edit | None, document: Document) -> Offer:
        """Return it after `edit` led to `document`; None stands for a text replaced as a whole."""
        anchor = self.anchor if edit is None else moved(self.anchor, edit)
        here = replace(self, anchor=anchor).looked_at(document)
        came = here.matched - self.matched
        if edit is not None:
            came = min(came, len(unix(edit.text)))  # the rest of it stood behind it by chance
        piece = document.text_from(anchor, here.matched)[self.matched :]
        at_once = came >= AT_ONCE or (came > 1 and (here.is_complete or "\n" in piece))
        return replace(here, inserted=self.inserted + came) if at_once else here

    def accepted(self, number: str, length: int | None) -> Offer:
        """Return it after the editor said that `length` UTF-16 units of an item were taken over."""
        text = self.texts[number]
        told = len(text) if length is None else len(_utf16_head(text, length))
        return replace(self, told=max(self.told, told))

    def outcome(self) -> Outcome:
        """Return what became of it, if nothing more will."""
        if self.is_complete:
            return "accepted" if self.inserted or self.told else "typed"
        if self.told and self.told in map(len, self.texts.values()):
            return "accepted"  # and changed by the editor at once, to format it for instance
        return "partly" if self.inserted or self.told else "rejected"


def _common(document: Document, start: Cursor, text: str) -> int:
    """Return how many characters of `text` stand in `document` from `start` on."""
    found = unix(document.text_from(start, len(text) + text.count("\n")))
    for at, (one, other) in enumerate(zip(found, text, strict=False)):
        if one != other:
            return at
    return min(len(found), len(text))


def whole_text(document: Document, anchor: Cursor, completion: Completion) -> str | None:
    """Return what `completion` offers seen from `anchor`; None if it begins above that."""
    start = completion.span.start
    if start < anchor:
        return None
    return unix(document.text_in(Span(anchor, start)) + completion.text)


def _utf16_head(text: str, length: int) -> str:
    return text.encode("utf-16-le")[: 2 * max(length, 0)].decode("utf-16-le", "ignore")
