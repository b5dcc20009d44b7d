"""What every benchmark has in common: its command line, percentiles, a table, a JSON file."""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from benchmarks import machine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Figures = dict[str, float | int | None]
"""By name, with the unit in the name; None where there was nothing to measure."""


def command_line(name: str, description: str | None, quick: str) -> argparse.ArgumentParser:
    """Return the parser of benchmark `name`; `quick` says what its option of that name does."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=description)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write figures and rows here")
    return parser


def percentile(values: Sequence[float], rank: float) -> float | None:
    """Return the smallest value that at least `rank` percent (0 to 100) of `values` do not exceed.

    None where there are no values.
    """
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(rank / 100 * len(ordered)) - 1)]


def mean(values: Sequence[float]) -> float | None:
    """Return the arithmetic mean, or None where there are no values."""
    return sum(values) / len(values) if values else None


def publish(
    name: str, figures: Figures, rows: Sequence[Mapping[str, Any]], path: Path | None
) -> None:
    """Print `figures` as a table on stdout; write everything to `path` as JSON if there is one."""
    table = Table("figure", "value", title=name)
    table.columns[1].justify = "right"
    for figure, value in figures.items():
        table.add_row(figure, "-" if value is None else f"{value:,.4g}")
    Console().print(table)
    if path is not None:
        report = {
            "machine": machine.describe(),
            "command": " ".join(["python", "-m", name, *sys.argv[1:]]),
            "figures": figures,
            "rows": list(rows),
        }
        path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
