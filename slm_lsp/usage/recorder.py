"""Follows what is offered in each document and counts what becomes of it. Knows no clock, no disk.

The texts offered are kept in memory for as long as they are followed, and go nowhere from there.

Latencies as a histogram: what is stored are counts by size, not single answers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from slm_lsp.usage.calibration import event, place_of
from slm_lsp.usage.offer import AFTER_S, Offer, Taken, whole_text

if TYPE_CHECKING:
    from slm_lsp.text.document import Completion, Document, Edit

STEP = 1.1
"""Each bucket ends so much above the one before, so a percentile is right to some 10 %."""

PREFIX = "below_ms:"
"""A bucket's event is this and where it ends, in milliseconds."""

FASTEST_MS, SLOWEST_MS = 1.0, 100_000.0


def bucket(milliseconds: float) -> str:
    """Return the event that counts an answer which took so long."""
    bounded = min(max(milliseconds, FASTEST_MS), SLOWEST_MS)
    return f"{PREFIX}{STEP ** math.ceil(math.log(bounded, STEP)):.1f}"


def percentile(counts: Mapping[str, int], share: float) -> float | None:
    """Return below how many milliseconds a `share` (0 to 1) of the answers stayed; None of none."""
    ends = {float(name.removeprefix(PREFIX)): n for name, n in counts.items() if _is_bucket(name)}
    wanted, seen = share * sum(ends.values()), 0
    for end in sorted(ends):
        seen += ends[end]
        if seen >= wanted and seen:
            return end
    return None


def _is_bucket(name: str) -> bool:
    return name.startswith(PREFIX)


class Count(NamedTuple):
    """What is counted: an event (`shown`, `accepted`, `kept`, a latency…) in a language."""

    language: str
    event: str


Items = Mapping[str, "Completion"]
"""The completions of an answer by the ids of their items, the best first."""


class Recorder:
    """Counts for all documents of one connection; times are seconds on the caller's clock."""

    def __init__(self) -> None:
        self._offers: dict[str, tuple[Document, Offer]] = {}
        self._taken: dict[str, list[Taken]] = {}
        self._counts: Counter[Count] = Counter()
        self._editor_tells = False

    def answered(self, document: Document, items: Items, latency_ms: float, now: float) -> None:
        """Take in an answer for `document`, as it was when that was asked for."""
        current = self._offers.get(document.uri)
        if current is not None and items and (same := _continued(current[1], document, items)):
            self._offers[document.uri] = (document, same)
            return
        self._end(document.uri, now)
        if not items:
            return
        anchor = next(iter(items.values())).span.start
        texts = {n: whole_text(document, anchor, it) for n, it in items.items()}
        known = {number: text for number, text in texts.items() if text}
        if not known:
            return
        offer = Offer(anchor, known, place_of(document, anchor)).looked_at(document)
        self._offers[document.uri] = (document, offer)
        self._count(document.language, bucket(latency_ms))
        if not self._editor_tells:
            self._show(document.uri)

    def shown(self, number: str) -> None:
        """Take in that the editor displayed an item. Who says so once says so always."""
        self._editor_tells = True
        if uri := self._find(number):
            self._show(uri)

    def accepted(self, number: str, length: int | None, now: float) -> None:
        """Take in that `length` UTF-16 units of an item were taken over, or all of it."""
        if not (uri := self._find(number)):
            return
        document, offer = self._offers[uri]
        self._show(uri)
        offer = replace(offer.accepted(number, length), shown=True)
        self._offers[uri] = (document, offer)
        if offer.is_complete:
            self._end(uri, now)

    def edited(self, edit: Edit | None, document: Document, now: float) -> None:
        """Follow an edit that led to `document`; None stands for a text replaced as a whole."""
        uri = document.uri
        if edit is not None and uri in self._taken:
            self._taken[uri] = [taken.edited(edit) for taken in self._taken[uri]]
        if (current := self._offers.get(uri)) is not None:
            offer = current[1].edited(edit, document)
            self._offers[uri] = (document, offer)
            if offer.is_complete:
                self._end(uri, now)

    def look(self, documents: Sequence[Document], now: float) -> None:
        """Count what is left of what was taken over long enough ago in the open `documents`."""
        for document in documents:
            due = [it for it in self._taken.get(document.uri, ()) if it.due <= now]
            for taken in due:
                self._taken[document.uri].remove(taken)
                self._count(taken.language, taken.left(document))

    def close(self, document: Document, now: float) -> None:
        """Draw the conclusions about a `document` that is about to be closed."""
        self._end(document.uri, now)
        self.look([document], now + AFTER_S)
        self._taken.pop(document.uri, None)

    def take(self) -> Counter[Count]:
        """Return what was counted since this was last asked."""
        counts, self._counts = self._counts, Counter()
        return counts

    def give_back(self, counts: Counter[Count]) -> None:
        """Keep counts that could not be written for the next time."""
        self._counts += counts

    def _show(self, uri: str) -> None:
        document, offer = self._offers[uri]
        if not offer.shown:
            self._offers[uri] = (document, replace(offer, shown=True))
            self._count(document.language, "shown")

    def _end(self, uri: str, now: float) -> None:
        if (current := self._offers.pop(uri, None)) is None:
            return
        document, offer = current
        outcome = offer.outcome()
        if offer.shown:
            self._count(document.language, outcome)
            self._count(document.language, event(offer.place, outcome))
        if outcome in ("accepted", "partly") and offer.matched:
            span = document.span_of(offer.anchor, offer.matched)
            text = document.text_in(span)
            taken = Taken(document.language, text, span, now + AFTER_S)
            self._taken.setdefault(uri, []).append(taken)

    def _find(self, number: str) -> str | None:
        found = (uri for uri, (_, offer) in self._offers.items() if number in offer.texts)
        return next(found, None)

    def _count(self, language: str, event: str) -> None:
        self._counts[Count(language, event)] += 1


def _continued(offer: Offer, document: Document, items: Items) -> Offer | None:
    """Return `offer` with new items if they offer the same, or the same and more; else None."""
    texts = {number: whole_text(document, offer.anchor, it) for number, it in items.items()}
    first = next(iter(texts.values()))
    if first is None or not any(first.startswith(text) for text in offer.texts.values()):
        return None
    known = {number: text for number, text in texts.items() if text}
    return replace(offer, texts={**known, **_as_long(offer, first)}).looked_at(document)


def _as_long(offer: Offer, first: str) -> dict[str, str]:
    """Return the earlier items, whose ids an editor may still name, with the texts of now."""
    return {n: first if first.startswith(text) else text for n, text in offer.texts.items()}
