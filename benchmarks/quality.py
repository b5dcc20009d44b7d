"""How good completions are on the project's own evaluation set, and what each part of the way adds.

The cases come from `python -m benchmarks.evaluation_set`. `--split tune` (the default) is what
choices are made by; `--split reported` is for figures in documents, and nothing is chosen by it.
What a variant is stands in `variants.py`, what is counted in `evaluation/metrics.py`; besides,
`chars_wrong` are the characters of completions that were shown and not right. Both kinds of
characters are counted by the hole. Everything runs on the default model in this process.

The figures are those of `raw-unhealed`, `raw`, `pipeline-alone` and `pipeline`, or of every step of
the ladder, with the ends of their intervals of 95 % (`_low`, `_high`) from 2,000 samples of the
holes with replacement; the rows have every variant.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import sys
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.engine_here import default_settings, engine_here
from benchmarks.evaluation_set import SPLITS, case_file
from benchmarks.ladder import ladder
from benchmarks.report import Figures, percentile, publish
from benchmarks.variants import all_variants, with_and_without_definitions
from slm_lsp.context.syntax import Syntax, parse
from slm_lsp.evaluation.cases import read_cases
from slm_lsp.evaluation.run import definitions_of
from slm_lsp.workspace.indexer import run as run_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.config import Settings
    from slm_lsp.engine.protocol import Engine
    from slm_lsp.evaluation.cases import Case
    from slm_lsp.evaluation.metrics import Result

QUICK_HOLES = 10
SAMPLES = 2000
SEED = 0
DOUBTFUL = re.compile(r".*-\d[.]\d+")
"""Names of variants that are rows, but no figures."""

SHARES = ("exact_match", "shown_rate", "precision_shown", "chars_saved", "chars_wrong")


Variants = Callable[["Case", "Settings", "Engine"], "Awaitable[dict[str, Result]]"]


async def measure(
    cases: Sequence[Case], settings: Settings, variants: Variants
) -> list[dict[str, Result]]:
    """Return the result of each variant for each case."""
    async with engine_here(settings) as engine:
        with Progress(console=Console(stderr=True)) as bars:
            tracked = bars.track(cases, description="Completing")
            return [await variants(case, settings, engine) for case in tracked]


def uses_other_files(case: Case) -> bool:
    """Tell whether the model reads definitions from other files for `case`."""
    syntax = parse(case.document())
    return isinstance(syntax, Syntax) and definitions_of(case, syntax, default_settings()) != ""


def row(variant: str, results: Sequence[Result]) -> dict[str, Any]:
    """Return the shares of a variant with the ends of their intervals."""
    counts = np.array([_counts(result) for result in results], dtype=float)
    chance = np.random.default_rng(SEED)
    samples = chance.integers(0, len(counts), (SAMPLES, len(counts)))
    drawn = np.array([_shares(counts[sample]) for sample in samples])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a variant that never shows anything
        low, high = np.nanpercentile(drawn, [2.5, 97.5], axis=0)
    made: dict[str, Any] = {"variant": variant, "n": len(results)}
    for at, (name, value) in enumerate(zip(SHARES, _shares(counts), strict=True)):
        made[name] = _rounded(value)
        made[f"{name}_low"], made[f"{name}_high"] = _rounded(low[at]), _rounded(high[at])
    took = [result.latency_ms for result in results if result.asked]
    for share in (50, 95):
        slowest = percentile(took, share)
        made[f"latency_p{share}_ms"] = None if slowest is None else round(slowest, 1)
    made["syntax_errors_added"] = sum(result.syntax_error_added for result in results)
    made["suffix_repeated"] = sum(result.suffix_repeated for result in results)
    return made


def _counts(result: Result) -> tuple[float, ...]:
    length = len((result.completion or "").rstrip())
    right = result.shown and result.right
    saved, wrong = (length, 0) if right else (0, length)
    return result.exact_match, result.shown, right, saved, wrong


def _shares(counts: np.ndarray[Any, Any]) -> list[float]:
    exact, shown, right, saved, wrong = counts.mean(axis=0)
    return [exact, shown, right / shown if shown else float("nan"), saved, wrong]


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def _print(rows: Sequence[dict[str, Any]]) -> None:
    titles = ("saved - wrong", "errors", "repeats", "ms p50", "p95")
    table = Table("variant", *SHARES, *titles, title="by variant")
    for made in rows:
        cells = [
            "-" if made[name] is None else f"{made[name]:.3f} ±{(high - low) / 2:.3f}"
            for name in SHARES
            for low, high in [(made[f"{name}_low"] or 0, made[f"{name}_high"] or 0)]
        ]
        trade = made["chars_saved"] - made["chars_wrong"]
        broken = [str(made["syntax_errors_added"]), str(made["suffix_repeated"])]
        took = [str(made[f"latency_p{share}_ms"] or "-") for share in (50, 95)]
        table.add_row(made["variant"], *cells, f"{trade:+.2f}", *broken, *took)
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.quality")
    parser.add_argument("--split", choices=SPLITS, default="tune")
    parser.add_argument("--holes", type=int, metavar="N", help="a sample of so many (default: all)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--ladder", action="store_true", help="one part of the path more at a time")
    what.add_argument(
        "--definitions",
        action="store_true",
        help="only holes in files that use others, with and without what those define",
    )
    parser.add_argument("--quick", action="store_true", help="a few holes, under 50 seconds")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    if not case_file(options.split).exists():
        parser.error("the evaluation set is not here yet; `make eval-set` fetches it")
    return options


def _figures(rows: Sequence[dict[str, Any]]) -> Figures:
    figures: Figures = {"n": rows[0]["n"]}
    for made in rows:
        if not DOUBTFUL.fullmatch(made["variant"]):
            name = made["variant"].replace("-", "_")
            figures |= {f"{name}_{k}": v for k, v in made.items() if k not in ("variant", "n")}
    return figures


def main() -> int:
    """Run the benchmark."""
    options = _options()
    cases = read_cases(case_file(options.split))
    for root in {case.workspace for case in cases}:
        list(run_index(Path(root).resolve()))
    variants = ladder if options.ladder else all_variants
    if options.definitions:
        cases = list(filter(uses_other_files, cases))
        variants = with_and_without_definitions
    count = QUICK_HOLES if options.quick else options.holes or len(cases)
    cases = random.Random(SEED).sample(cases, min(count, len(cases)))
    found = asyncio.run(measure(cases, default_settings(), variants))
    rows = [row(name, [one[name] for one in found]) for name in found[0]]
    _print(rows)
    publish("benchmarks.quality", _figures(rows), rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
