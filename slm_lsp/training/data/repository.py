"""A team's code, in three parts: to learn from, to tell when to stop, and to be judged by."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.errors import TuneRefused
from slm_lsp.text.document import unix
from slm_lsp.training.data import filters
from slm_lsp.training.data.overlap import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from slm_lsp.text.document import Document

LEAST_FILES = 10
LEAST_CHARACTERS = 100_000
"""About 3,000 lines. With less there is nothing to be learned that is not in the window anyway."""

HELD_OUT_SHARE = 0.1
"""Of the characters: kept from training to tell when to stop, and as many again to judge by."""

MOST_SECRET = 0.5
"""The share of files with secrets from which on nothing is learned at all."""


@dataclass(frozen=True, slots=True)
class Repository:
    """The files worth learning from, in parts, and how many were left out for which reason."""

    learned: tuple[Path, ...]
    held_out: tuple[Path, ...]
    judged: tuple[Path, ...]
    left_out: Counter[str]
    characters: int

    @classmethod
    def of(
        cls, files: Sequence[Path], load: Callable[[Path], Document | None], seed: int
    ) -> Repository:
        """Sort `files`; `load` returns None for one that cannot be read. Raises TuneRefused."""
        seen, left_out = Seen(), Counter[str]()
        sizes: dict[Path, int] = {}
        for path in files:
            document = load(path)
            text = unix(document.lines.text()) if document else ""
            reason: str = filters.against(str(path), text, own=True) if document else "unreadable"
            if not reason and seen.repeats(text):
                reason = "duplicate"
            if reason:
                left_out[reason] += 1
            else:
                sizes[path] = len(text)
        _check(sizes, left_out)
        judged, held_out, learned = _parts(sizes, seed)
        return cls(learned, held_out, judged, left_out, sum(sizes.values()))


def _check(sizes: dict[Path, int], left_out: Counter[str]) -> None:
    secret = left_out["secret"]
    if secret > MOST_SECRET * (len(sizes) + secret):
        raise TuneRefused(
            f"{secret} of {len(sizes) + secret} files seem to hold passwords, keys or tokens. Take "
            "them out of the code first: what a model has learned it may say to anybody."
        )
    size = sum(sizes.values())
    if len(sizes) < LEAST_FILES or size < LEAST_CHARACTERS:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
        raise TuneRefused(
            f"There are {len(sizes)} files with {size:,} characters to learn from"
            + (f" (left out: {reasons})" if reasons else "")
            + f"; it takes {LEAST_FILES} and {LEAST_CHARACTERS:,}. Name more folders."
        )


def _parts(sizes: dict[Path, int], seed: int) -> tuple[tuple[Path, ...], ...]:
    order = sorted(sizes)
    random.Random(str(seed)).shuffle(order)  # noqa: S311 (a sample, not a secret)
    share = HELD_OUT_SHARE * sum(sizes.values())
    parts: list[tuple[Path, ...]] = []
    for _ in range(2):
        taken, size = [], 0
        while size < share and len(order) > 1:
            taken.append(order.pop())
            size += sizes[taken[-1]]
        parts.append(tuple(taken))
    return (*parts, tuple(order))
