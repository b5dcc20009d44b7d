"""The figures that people read, made of the counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.usage.recorder import percentile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slm_lsp.usage.recorder import Count


class Figures(msgspec.Struct, frozen=True):
    """What became of the completions shown in one language, or in all.

    `accepted` were taken over whole, `partly_accepted` by words or lines, `typed` by hand to their
    end, and all others `rejected`. Of those taken over, `kept` stood there unchanged 30 seconds
    later and `kept_partly` at least by half. Rates are fractions from 0 to 1. A latency is the time
    to a completion's first appearance, in milliseconds, within 10 %. None: there was nothing.
    """

    shown: int
    accepted: int
    partly_accepted: int
    typed: int
    rejected: int
    kept: int
    kept_partly: int
    acceptance_rate: float | None
    kept_rate: float | None
    latency_p50_ms: float | None
    latency_p95_ms: float | None


class Summary(msgspec.Struct, frozen=True):
    """Figures by language, the most used first, and for all together."""

    languages: dict[str, Figures]
    total: Figures


def summary(counts: Mapping[Count, int]) -> Summary:
    """Return the figures that `counts` come to."""
    events: dict[str, Counter[str]] = defaultdict(Counter)
    for count, n in counts.items():
        events[count.language][count.event] += n
    by_use = sorted(events, key=lambda language: (-events[language]["shown"], language))
    total = sum(events.values(), Counter[str]())
    return Summary({language: _figures(events[language]) for language in by_use}, _figures(total))


def _figures(events: Counter[str]) -> Figures:
    taken = events["accepted"] + events["partly"]
    looked_at = events["kept"] + events["kept_partly"] + events["removed"]
    return Figures(
        shown=events["shown"],
        accepted=events["accepted"],
        partly_accepted=events["partly"],
        typed=events["typed"],
        rejected=events["rejected"],
        kept=events["kept"],
        kept_partly=events["kept_partly"],
        acceptance_rate=_rate(taken, taken + events["typed"] + events["rejected"]),
        kept_rate=_rate(events["kept"] + events["kept_partly"], looked_at),
        latency_p50_ms=percentile(events, 0.5),
        latency_p95_ms=percentile(events, 0.95),
    )


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None
