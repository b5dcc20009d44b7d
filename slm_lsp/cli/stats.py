"""`slm-lsp stats`: what became of completions on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.table import Table

from slm_lsp.usage import store
from slm_lsp.usage.calibration import Calibration
from slm_lsp.usage.summary import summary

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from slm_lsp.usage.summary import Figures


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("stats", help="what became of completions, counted locally")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--json", action="store_true", help="print one JSON value")
    action.add_argument("--erase", action="store_true", help="forget everything counted so far")
    parser.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Print the figures and what was learned from them, as JSON or as tables; or erase.

    The JSON is `{"languages": {...}, "total": {...}, "learned": [...]}`.
    """
    path = store.usage_path()
    if options.erase:
        store.erase(path)
        print("Erased.")
        return 0
    counts = store.read(path)
    found = summary(counts)
    learned = Calibration.of(counts)
    if options.json:
        value = msgspec.to_builtins(found) | {"learned": list(_learned(learned))}
        print(msgspec.json.encode(value).decode())
    elif not found.languages:
        print("Nothing was counted yet: figures come some seconds after an editor shows something.")
    else:
        _print_table({**found.languages, "all": found.total})
        _print_learned(learned)
        print(f"Counted on this machine, in {path}. `slm-lsp stats --erase` forgets it.")
    return 0


def _print_table(rows: dict[str, Figures]) -> None:
    table = Table(
        *("language", "shown", "accepted", "in part", "typed", "rejected", "rate", "kept"),
        *("p50", "p95"),
        box=None,  # as wide as a terminal of 80 columns
    )
    for language, one in rows.items():
        table.add_row(
            language,
            *map(str, (one.shown, one.accepted, one.partly_accepted, one.typed, one.rejected)),
            _percent(one.acceptance_rate),
            _percent(one.kept_rate),
            _milliseconds(one.latency_p50_ms),
            _milliseconds(one.latency_p95_ms),
        )
    Console().print(table)


def _learned(calibration: Calibration) -> Iterator[dict[str, str | int | float]]:
    for language, place, record in calibration:
        yield {
            "language": language,
            "place": place,
            "right": record.right,
            "wrong": record.wrong,
            "shift": round(record.shift, 3),
        }


def _print_learned(calibration: Calibration) -> None:
    table = Table("language", "place", "right", "wrong", "0.50 becomes", box=None)
    for language, place, record in calibration:
        numbers = (str(record.right), str(record.wrong), f"{record.threshold(0.5):.2f}")
        table.add_row(language, place, *numbers)
    if table.row_count:
        print("\nLearned from that: how sure ghost text has to be (completion.learn).")
        Console().print(table)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} ms"
