"""The path of the server beside the same weights asked plainly, on the same holes.

Each hole is asked for three times: plainly (`plain`), by hand (`asked`: the user asks, so nothing
is held back for doubt) and by itself (`unasked`: as the editor asks at a key). All three read the
same recorded answers of the model (`recorded`), so a second run costs no model time unless prompts
have changed.

The first table has exact matches by kind of place: `own`, holes that are lines or blocks of their
own, and `midst`, holes that begin in the midst of a line. `ratio` is asked over plain with its
interval of 95 % (2,000 samples of the holes with replacement); `lost` counts holes that plain gets
right and the user who asks does not, `won` the reverse. Cells of languages and kinds in which the
path is below plain beyond chance are named: an exact test of lost against won, corrected after
Holm over all cells. The second table has what is shown unasked.

With `--lost FILE`, each lost hole is written as a line of JSON, with what each way answered.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.engine_here import default_settings
from benchmarks.evaluation_set import SPLITS, case_file
from benchmarks.plain import plain
from benchmarks.recorded import recorded_engine
from benchmarks.report import Figures, publish
from slm_lsp.evaluation.cases import read_cases
from slm_lsp.evaluation.run import evaluate
from slm_lsp.models.selection import choice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from slm_lsp.evaluation.cases import Case
    from slm_lsp.evaluation.metrics import Result
    from slm_lsp.settings.schema import Settings

SAMPLES, SEED = 2000, 0

SIGNIFICANT = 0.05

_OPEN_END = re.compile(
    r"(?:[(\[{=.&|^%!]|(?<!\+)\+|(?<!-)-|(?<![*/])\*"
    r"|\b(?:and|as|await|case|class|const|def|elif|extends|for|from|func|function|if|import|in|is"
    r"|let|new|not|or|return|self|switch|this|throw|var|while|with))\s*\Z"
)
"""Ends of a text that more has to follow on the same line, in nearly all languages."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One hole, asked for in three ways."""

    case: Case
    plain: Result
    asked: Result
    unasked: Result

    @property
    def place(self) -> str:
        """Whether the hole begins a line of its own."""
        before = self.case.prefix.rpartition("\n")[2]
        after = self.case.suffix.partition("\n")[0]
        return "midst" if before.strip() or after.strip() else "own"

    @property
    def lost(self) -> bool:
        """Whether plain is right and the path, asked by hand, is not."""
        return self.plain.exact_match and not self.asked.exact_match

    @property
    def won(self) -> bool:
        """Whether the path is right and plain is not."""
        return self.asked.exact_match and not self.plain.exact_match


async def compare(cases: Sequence[Case], settings: Settings) -> list[Compared]:
    """Ask for each case in three ways. Raises EngineError."""
    async with recorded_engine(settings) as (engine, model):
        with Progress(console=Console(stderr=True)) as bars:
            compared = [
                Compared(
                    case,
                    await plain(case, settings, engine, model.weights),
                    await evaluate(case, settings, engine, invoked=True),
                    await evaluate(case, settings, engine, invoked=False),
                )
                for case in bars.track(cases, description="Completing")
            ]
        print(f"{model.answered} answers were new.", file=sys.stderr)
        return compared


def ends_open(case: Case, result: Result) -> bool:
    """Tell whether a shown text ends where more has to follow, and the line of the file goes on."""
    text = result.completion or ""
    if not _OPEN_END.search(text):
        return False
    rest = case.expected[len(text) :] if case.expected.startswith(text) else "?"
    return bool((rest + case.suffix).partition("\n")[0].strip())


def ratio(compared: Sequence[Compared]) -> tuple[float, float, float]:
    """Return exact matches asked by hand over plain ones, and the ends of the interval."""
    right = np.array([(it.asked.exact_match, it.plain.exact_match) for it in compared], dtype=float)
    rng = np.random.default_rng(SEED)
    drawn = right[rng.integers(0, len(right), (SAMPLES, len(right)))].sum(axis=1)
    ratios = drawn[:, 0] / np.maximum(drawn[:, 1], 1)
    asked, wanted = right.sum(axis=0)
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(asked / max(wanted, 1)), float(low), float(high)


def worse(compared: Iterable[Compared]) -> float:
    """Return how likely so many more lost than won holes are by chance (one-sided sign test)."""
    holes = list(compared)
    lost, won = sum(it.lost for it in holes), sum(it.won for it in holes)
    return float(sum(comb(lost + won, n) for n in range(lost, lost + won + 1)) / 2 ** (lost + won))


def worse_cells(compared: Sequence[Compared]) -> list[str]:
    """Name the languages, kinds and places where the path is below plain beyond chance (Holm)."""
    cells: dict[str, list[Compared]] = defaultdict(list)
    for it in compared:
        for cell in (it.case.language, it.case.hole, f"{it.case.language}, {it.case.hole}"):
            cells[cell].append(it)
    ordered = sorted((worse(holes), cell) for cell, holes in cells.items())
    found: list[str] = []
    for rank, (chance, cell) in enumerate(ordered):
        if chance * (len(ordered) - rank) > SIGNIFICANT:
            break
        found.append(cell)
    return found


def shown(compared: Sequence[Compared], way: Callable[[Compared], Result]) -> dict[str, float]:
    """Return coverage, the share of right ones in it, and characters saved and wrong a hole.

    Besides, how many of them add a syntax error, repeat the next line, or end in the midst of
    something.
    """
    results = [way(it) for it in compared]
    offered = [it for it in results if it.shown]
    right = [it for it in offered if it.right]
    length = {True: 0, False: 0}
    for it in offered:
        length[it.right] += len((it.completion or "").rstrip())
    return {
        "shown": len(offered) / len(results),
        "right_when_shown": len(right) / max(len(offered), 1),
        "chars_saved": length[True] / len(results),
        "chars_wrong": length[False] / len(results),
        "syntax_errors_added": sum(it.syntax_error_added for it in offered),
        "suffix_repeated": sum(it.suffix_repeated for it in offered),
        "open_ends": sum(ends_open(it.case, way(it)) for it in compared),
    }


def _tables(compared: Sequence[Compared]) -> tuple[Figures, list[dict[str, Any]]]:
    console = Console(width=None if sys.stdout.isatty() else 140)
    groups: dict[str, list[Compared]] = {"all": list(compared)}
    for it in compared:
        for name in (it.place, f"hole {it.case.hole}", it.case.language):
            groups.setdefault(name, []).append(it)
    exact = Table("holes", "n", "plain", "asked", "ratio", "won", "lost", title="exact match")
    faults = ("errors", "repeated", "open ends")
    seen = Table("holes", "n", "shown", "right", "saved", "wrong", *faults, title="unasked")
    rows: list[dict[str, Any]] = []
    for name in sorted(groups, key=lambda it: (it != "all", it not in ("own", "midst"), it)):
        holes = groups[name]
        value, low, high = ratio(holes)
        row: dict[str, Any] = {
            "holes": name,
            "n": len(holes),
            "plain": np.mean([it.plain.exact_match for it in holes]).item(),
            "asked": np.mean([it.asked.exact_match for it in holes]).item(),
            "ratio": value,
            "ratio_low": low,
            "ratio_high": high,
            "won": sum(it.won for it in holes),
            "lost": sum(it.lost for it in holes),
            **shown(holes, lambda it: it.unasked),
            "open_ends_asked": sum(ends_open(it.case, it.asked) for it in holes),
        }
        rows.append(row)
        exact.add_row(
            name,
            str(row["n"]),
            *(f"{row[it]:.3f}" for it in ("plain", "asked")),
            f"{value:.2f} ({low:.2f} to {high:.2f})",
            str(row["won"]),
            str(row["lost"]),
        )
        seen.add_row(
            name,
            str(row["n"]),
            *(
                f"{row[it]:.2f}"
                for it in ("shown", "right_when_shown", "chars_saved", "chars_wrong")
            ),
            *(str(row[it]) for it in ("syntax_errors_added", "suffix_repeated", "open_ends")),
        )
    console.print(exact)
    console.print(seen)
    figures: Figures = {
        f"{row['holes']}_{name}": row[name]
        for row in rows
        if row["holes"] in ("all", "own", "midst")
        for name in row
        if name != "holes"
    }
    return figures, rows


def _lost(compared: Iterable[Compared], path: Path) -> None:
    with path.open("wb") as file:
        for it in compared:
            if it.lost:
                row = {
                    "id": it.case.id,
                    "before": it.case.prefix[-200:],
                    "after": it.case.suffix[:120],
                    "expected": it.case.expected,
                    "plain": it.plain.completion,
                    "asked": it.asked.completion,
                    "dropped": it.asked.dropped,
                    "unasked": it.unasked.completion,
                }
                file.write(msgspec.json.encode(row) + b"\n")


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--against", choices=("plain",), default="plain", help="what is the bar")
    parser.add_argument("--split", choices=SPLITS, default="tune")
    parser.add_argument("--holes", type=int, metavar="N", help="a sample of so many (default: all)")
    parser.add_argument("--model", help="another model than the one that `auto` chooses here")
    parser.add_argument("--lost", type=Path, metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    if not case_file(options.split).exists():
        parser.error("the evaluation set is not here yet; `make eval-set` fetches it")
    cases = read_cases(case_file(options.split))
    cases = random.Random(SEED).sample(cases, min(options.holes or len(cases), len(cases)))
    settings = default_settings()
    if options.model:
        settings = choice.resolved(msgspec.structs.replace(settings, model=options.model))
    compared = asyncio.run(compare(cases, settings))
    figures, rows = _tables(compared)
    if options.lost:
        _lost(compared, options.lost)
    if below := worse_cells(compared):
        print("Below plain beyond chance: " + "; ".join(below) + ".")
    publish("benchmarks.quality", figures, rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
