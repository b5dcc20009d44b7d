"""Whether what was taken over is still there a while later."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

from slm_lsp.usage.place import moved_span

if TYPE_CHECKING:
    from slm_lsp.text import Document, Edit, Span

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
