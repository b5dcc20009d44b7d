"""What the user's own answers to ghost text say about how sure it has to be.

Each offer that was shown counts for its language and its kind of place: as right if the user
accepted it, accepted a part of it or typed it by hand, as wrong otherwise. Where the share of right
ones is above or below what is usual, ghost text has to keep less or more of its probability to be
shown. No text is kept, and nothing leaves this machine.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slm_lsp.text.document import Cursor, Document
    from slm_lsp.usage.offer import Outcome
    from slm_lsp.usage.recorder import Count

Place = Literal["new line", "end of line", "before code"]

USUAL_SHARE = 0.4
"""Of shown offers that are right. Google published 25 to 34 % accepted; some more are typed."""

PRIOR_OFFERS = 40
"""So many offers of the usual share are counted beforehand: a few answers change little."""

MAX_SHIFT = 0.6
"""The largest shift, in logits: a threshold of 0.5 stays between 0.35 and 0.65."""


@dataclass(frozen=True, slots=True)
class Record:
    """Offers shown at one kind of place in one language: `right` and `wrong` ones."""

    right: int = 0
    wrong: int = 0

    @property
    def shift(self) -> float:
        """How much surer than by default ghost text must be here, in logits; negative: less."""
        seen = self.right + self.wrong + PRIOR_OFFERS
        share = (self.right + USUAL_SHARE * PRIOR_OFFERS) / seen
        return max(-MAX_SHIFT, min(_logit(USUAL_SHARE) - _logit(share), MAX_SHIFT))

    def threshold(self, default: float) -> float:
        """Return the probability (0 to 1) to ask for instead of `default`."""
        odds = default * math.exp(self.shift)
        return odds / (odds + 1 - default)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Immutable: what was learned up to some moment, by language and kind of place."""

    records: Mapping[tuple[str, str], Record] = field(default_factory=dict)

    @classmethod
    def of(cls, counts: Mapping[Count, int]) -> Calibration:
        """Make it of numbers by language and event; see `event`."""
        found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        for (language, name), number in counts.items():
            verdict, _, place = name.partition(":")
            if verdict in ("right", "wrong") and place in get_args(Place):
                found[language, place][verdict == "wrong"] += number
        return cls({key: Record(*numbers) for key, numbers in found.items()})

    def threshold(self, default: float, document: Document, cursor: Cursor) -> float:
        """Return the probability (0 to 1) that ghost text must keep here to be shown."""
        key = (document.language, place_of(document, cursor))
        return self.records.get(key, Record()).threshold(default)

    def __iter__(self) -> Iterator[tuple[str, str, Record]]:
        """Yield language, place and record, where something was learned."""
        for (language, place), record in sorted(self.records.items()):
            yield language, place, record


NOTHING_LEARNED = Calibration()


def place_of(document: Document, cursor: Cursor) -> Place:
    """Return the kind of place that `cursor` stands at."""
    if document.after(cursor).strip():
        return "before code"
    return "end of line" if document.before(cursor).strip() else "new line"


def event(place: Place, outcome: Outcome) -> str:
    """Return the name under which an offer at `place` is counted."""
    return f"{'wrong' if outcome == 'rejected' else 'right'}:{place}"


def _logit(share: float) -> float:
    return math.log(share / (1 - share))
