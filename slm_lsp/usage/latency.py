"""Latencies as a histogram: what is stored are counts by size, not single answers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

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
