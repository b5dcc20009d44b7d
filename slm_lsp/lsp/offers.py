"""What was offered and what became of it. Counts only: the text itself is not kept."""

from __future__ import annotations

import logging
import uuid
from collections import OrderedDict
from dataclasses import dataclass, replace

log = logging.getLogger(__name__)

CAPACITY = 200
"""Offers remembered; feedback to older ones is ignored."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One item sent to the editor. `length` and `accepted` count UTF-16 units."""

    language: str
    length: int
    shown: bool = False
    accepted: int = 0


class Offers:
    """The most recent offers by their id."""

    def __init__(self) -> None:
        self._offers: OrderedDict[str, Offer] = OrderedDict()

    def add(self, language: str, text: str) -> str:
        """Remember an offer and return its id, which comes back with the editor's feedback."""
        number = str(uuid.uuid4())
        self._offers[number] = Offer(language, utf16_length(text))
        while len(self._offers) > CAPACITY:
            self._offers.popitem(last=False)
        return number

    def shown(self, number: str) -> None:
        """Record that the editor displayed it; ids that are not remembered are ignored."""
        if (offer := self._offers.get(number)) is not None:
            self._offers[number] = replace(offer, shown=True)

    def accepted(self, number: str, length: int | None = None) -> None:
        """Record that the first `length` UTF-16 units were taken over, or all of it."""
        if (offer := self._offers.get(number)) is not None:
            taken = offer.length if length is None else min(max(length, 0), offer.length)
            self._offers[number] = replace(offer, shown=True, accepted=max(taken, offer.accepted))
            log.info("accepted %d of %d (%s)", taken, offer.length, offer.language)


def utf16_length(text: str) -> int:
    """Return the length of `text` in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2
