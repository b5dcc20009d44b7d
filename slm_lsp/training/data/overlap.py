"""Keeping evaluation sets out of what is trained on.

Runs of words as numbers, by which texts are compared whatever their layout.

Near-duplicates: files that another one, seen before, has most of.

MinHash in numpy: the library for it (datasketch) needs scipy, for thirty lines.
"""

from __future__ import annotations

import functools
import re
import zlib
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from slm_lsp.text.lines import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slm_lsp.evaluation.cases import Case

Runs = npt.NDArray[np.uint64]

_WORD = re.compile(r"\w+|[^\w\s]+")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def runs(text: str, length: int) -> Runs:
    """Return a number for each run of `length` words in `text`, the same on every machine.

    A word is a name, a number, or signs without a blank between them. A shorter text is one run.
    """
    words = np.fromiter(map(_number, _WORD.findall(text)), dtype=np.uint64)
    count = max(1, len(words) - length + 1)
    found = np.zeros(count, np.uint64)
    for at in range(min(length, len(words))):
        found = found * _FACTOR + words[at : at + count]
        found ^= found >> np.uint64(29)
    return found


def count(text: str) -> int:
    """Return how many words there are in `text`."""
    return len(_WORD.findall(text))


@functools.lru_cache(200_000)
def _number(word: str) -> int:
    return zlib.crc32(word.encode())


RUN = 16
"""Words in a run that a text may not share with a hole and what surrounds it: about three lines.
Shorter ones are imports and headers that half of all files share."""

LINES = 3
"""Lines above and below a hole that belong to it."""

MARKS = (
    *("has_close_elements", "separate_paren_groups", "truncate_number", "below_zero"),
    *("mean_absolute_deviation", "parse_nested_parens", "filter_by_substring", "rolling_max"),
    *("make_palindrome", "string_xor", "rescale_to_unit", "filter_integers", "parse_music"),
    *("how_many_times", "sort_numbers", "find_closest_elements", "triples_sum_to_zero"),
    *("car_race_collision", "incr_list", "encode_shift", "decode_shift", "fruit_distribution"),
    "openai_humaneval",
    "Write a function to find the shared elements from the given two lists",
    "Write a python function to identify non-prime numbers",
    "Write a function to find the similar elements from the given two tuple lists",
)
"""Names and sentences of HumanEval and MBPP, which are not at hand to be compared with."""

MOST_MARKS = 1
"""A text with more of them has the set in it; one may be chance."""


class Evaluated:
    """The places that a model will be asked about."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._runs: set[int] = set()
        for case in cases:
            self._runs.update(_runs(case))

    def is_in(self, text: str) -> bool:
        """Tell whether `text` has one of them in it, or a known set of exercises."""
        if sum(mark in text for mark in MARKS) > MOST_MARKS:
            return True
        return not self._runs.isdisjoint(runs(text, RUN).tolist())


def _runs(case: Case) -> list[int]:
    """Return the runs that have a word of the hole in them; what is near may be a licence."""
    above = "".join(split_lines(case.prefix)[-LINES - 1 :])
    below = "".join(split_lines(case.suffix)[: LINES + 1])
    first, words = count(above), count(case.expected)
    found = runs(above + case.expected + below, RUN)
    return [int(it) for it in found[max(0, first - RUN + 1) : first + words]]


DUPLICATE_RUN = 5
"""Words in a run."""

BANDS, ROWS = 8, 8
"""Two files that share 77 % of their runs are found in half of the cases, at 90 % nearly always."""

_chance = np.random.default_rng(20_24)
_FACTORS = _chance.integers(1, 2**63, BANDS * ROWS, dtype=np.uint64) | np.uint64(1)
_OFFSETS = _chance.integers(0, 2**63, BANDS * ROWS, dtype=np.uint64)


class Seen:
    """The files seen so far; memory grows by some hundred bytes for each."""

    def __init__(self) -> None:
        self._bands: set[bytes] = set()

    def repeats(self, text: str) -> bool:
        """Tell whether `text` is nearly one seen before, and remember it if not."""
        found = np.unique(runs(text, DUPLICATE_RUN))
        least = (found[:, None] * _FACTORS + _OFFSETS).min(axis=0).reshape(BANDS, ROWS)
        bands = {bytes([at]) + least[at].tobytes() for at in range(BANDS)}
        if bands & self._bands:
            return True
        self._bands |= bands
        return False
