"""What a completion is worth beside what belongs there, and figures about many of them.

Line ends compare as line feeds, and trailing white space does not count. A hole is judged as a
whole, as in the benchmarks of infilling: one line offered for a hole of three is no exact match.
It may still be right: nothing of a right completion would have to be deleted.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.syntax.holes import sound
from slm_lsp.text.document import unix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from slm_lsp.evaluation.cases import Case


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the case `id`: one line of `slm-lsp eval --out`.

    `completion` and `confidence` (the model's joint probability, 0 to 1) are None where nothing was
    shown, and `dropped` says why. `latency_ms` is the time of the whole path in milliseconds, the
    window's text having been read before, as it has where somebody types; `asked` tells that the
    model took part in it.

    `exact_match`: the completion equals what was expected. `right`: it does, or it is a start of
    that which does not end inside a word. `edit_similarity`: 1 minus the Levenshtein distance
    through the length of the longer text; 0 where nothing was shown. `syntax_error_added`: the text
    around the hole has no syntax error, and has one with the completion in it, both parsed from
    scratch. `suffix_repeated`: the last line of the completion is the next line below that is not
    blank, and what was expected does not end with that line itself.
    """

    id: str
    language: str
    hole: str
    completion: str | None
    shown: bool
    dropped: str
    confidence: float | None
    latency_ms: float
    asked: bool
    exact_match: bool
    right: bool
    edit_similarity: float
    syntax_error_added: bool
    suffix_repeated: bool


class Figures(msgspec.Struct, frozen=True):
    """About `n` results; shares lie between 0 and 1, and None says that there was nothing to count.

    `exact_match`, `shown_rate`: shares of all cases. `edit_similarity`: the mean over all cases.
    `precision_shown`: the share of right ones among what was shown. `chars_saved`: characters that
    accepting every right completion would have typed. `syntax_errors_added`, `suffix_repeated`:
    how many completions did that. Latencies in milliseconds, of the cases the model was asked for.
    """

    n: int
    exact_match: float | None
    edit_similarity: float | None
    chars_saved: int
    shown_rate: float | None
    precision_shown: float | None
    syntax_errors_added: int
    suffix_repeated: int
    latency_p50_ms: float | None
    latency_p95_ms: float | None


class Summary(Figures, frozen=True):
    """Figures about all results, and the same by language and by kind of hole."""

    by_language: dict[str, Figures]
    by_hole: dict[str, Figures]


def judged(
    case: Case,
    completion: str | None,
    *,
    confidence: float | None,
    dropped: str,
    latency_ms: float,
    asked: bool,
) -> Result:
    """Judge what was offered for `case`, or that nothing was."""
    expected, offered = _plain(case.expected), _plain(completion or "")
    return Result(
        id=case.id,
        language=case.language,
        hole=case.hole,
        completion=completion,
        shown=completion is not None,
        dropped=dropped,
        confidence=confidence,
        latency_ms=round(latency_ms, 3),
        asked=asked,
        exact_match=offered == expected,
        right=is_right(offered, expected),
        edit_similarity=similarity(offered, expected),
        syntax_error_added=completion is not None and _breaks(case, completion),
        suffix_repeated=_repeats(offered, expected, case.suffix),
    )


def summary(results: Sequence[Result]) -> Summary:
    """Return the figures that `slm-lsp eval --json` prints."""
    return Summary(
        **msgspec.structs.asdict(figures(results)),
        by_language=_by(results, lambda result: result.language),
        by_hole=_by(results, lambda result: result.hole),
    )


def figures(results: Sequence[Result]) -> Figures:
    """Return the figures about `results`."""
    shown = [result for result in results if result.shown]
    right = [result for result in shown if result.right]
    latencies = [result.latency_ms for result in results if result.asked]
    return Figures(
        n=len(results),
        exact_match=_mean(result.exact_match for result in results),
        edit_similarity=_mean(result.edit_similarity for result in results),
        chars_saved=sum(len(_plain(result.completion or "")) for result in right),
        shown_rate=_mean(result.shown for result in results),
        precision_shown=_mean(result.right for result in shown),
        syntax_errors_added=sum(result.syntax_error_added for result in results),
        suffix_repeated=sum(result.suffix_repeated for result in results),
        latency_p50_ms=percentile(latencies, 50),
        latency_p95_ms=percentile(latencies, 95),
    )


def is_right(offered: str, expected: str) -> bool:
    """Tell whether `offered` is `expected` or a start of it that does not end inside a word.

    Trailing white space has been taken off both. Nothing at all is not right.
    """
    rest = expected[len(offered) :]
    inside_word = _in_word(offered[-1:]) and _in_word(rest[:1])
    return bool(offered) and expected.startswith(offered) and not inside_word


def similarity(one: str, other: str) -> float:
    """Return 1 for equal texts and 0 for texts that share nothing; see `Result`."""
    longest = max(len(one), len(other))
    return 1 - _distance(one, other) / longest if longest else 1.0


def percentile(values: Sequence[float], rank: float) -> float | None:
    """Return the smallest value that at least `rank` percent (0 to 100) of `values` do not exceed.

    None where there are no values.
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(rank / 100 * len(ordered)) - 1)] if ordered else None


def _distance(one: str, other: str) -> int:
    """Return the Levenshtein distance, a column of its table at a time as the bits of integers.

    The algorithm of Myers (1999) as Hyyrö (2003) wrote it down.
    """
    if not one or not other:
        return len(one) + len(other)
    places: dict[str, int] = defaultdict(int)
    for at, character in enumerate(one):
        places[character] |= 1 << at
    mask, last = (1 << len(one)) - 1, 1 << (len(one) - 1)
    up, down, distance = mask, 0, len(one)
    for character in other:
        equal = places.get(character, 0)
        diagonal = (((equal & up) + up) ^ up) | equal | down
        more = down | ~(diagonal | up) & mask
        less = diagonal & up
        distance += bool(more & last) - bool(less & last)
        more = (more << 1 | 1) & mask
        less = (less << 1) & mask
        up = less | ~(diagonal | more) & mask
        down = more & diagonal
    return distance


def _breaks(case: Case, completion: str) -> bool:
    return bool(sound(case.document())) and not sound(case.document(completion))


def _repeats(offered: str, expected: str, suffix: str) -> bool:
    below = next((line.strip() for line in suffix.splitlines() if line.strip()), "")
    return bool(below) and _last_line(offered) == below != _last_line(expected)


def _last_line(text: str) -> str:
    return text.rpartition("\n")[2].strip()


def _plain(text: str) -> str:
    return unix(text).rstrip()


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _mean(values: Iterable[float]) -> float | None:
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else None


def _by(results: Sequence[Result], name: Callable[[Result], str]) -> dict[str, Figures]:
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(name(result), []).append(result)
    return {key: figures(groups[key]) for key in sorted(groups)}
