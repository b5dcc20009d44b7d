"""Keeping evaluation sets out of what is trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.lines import split_lines
from slm_lsp.tune.words import count, runs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slm_lsp.evaluation.cases import Case

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
