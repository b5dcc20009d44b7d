"""`slm-lsp doctor`: what works, what does not, and what to do about it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.markup import escape

from slm_lsp import __version__
from slm_lsp.doctor.examination import examine
from slm_lsp.doctor.support import write

if TYPE_CHECKING:
    import argparse

    from slm_lsp.doctor.finding import Finding

_MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "failed": "[red]✗[/]"}
_WIDTH = 9


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("doctor", help="what works and what does not")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.add_argument(
        "--bundle",
        type=Path,
        metavar="FILE.zip",
        help="also write what support needs to know, without code and names of yours",
    )
    parser.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Print the findings; exit code 1 if one of them has failed."""
    folder = Path.cwd().resolve()
    console = Console(highlight=False)
    findings = []
    for finding in examine(folder):
        findings.append(finding)
        if not options.json:
            _print(console, finding)
    if options.json:
        print(msgspec.json.encode({"version": __version__, "findings": findings}).decode())
    if options.bundle is not None:
        write(options.bundle, folder, findings)
        print(f"Wrote {options.bundle}. Look into it before you send it.", file=sys.stderr)
    return 1 if any(finding.state == "failed" for finding in findings) else 0


def _print(console: Console, finding: Finding) -> None:
    console.print(f"{_MARKS[finding.state]} {finding.name:{_WIDTH}} {escape(finding.detail)}")
    if finding.advice:
        console.print(f"  {'':{_WIDTH}} {escape(finding.advice)}", style="bold")
