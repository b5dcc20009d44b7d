"""`slm-lsp eval`: how good the completions are in the user's own code, or in given cases."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from slm_lsp.cli.arguments import merged, settings_for
from slm_lsp.cli.source_file import in_workspace, read_document
from slm_lsp.errors import UsageError
from slm_lsp.evaluation.cases import read_cases
from slm_lsp.evaluation.files import check_source, source_files
from slm_lsp.evaluation.git import Repository
from slm_lsp.evaluation.history import replay
from slm_lsp.evaluation.holes import punch
from slm_lsp.evaluation.metrics import summary
from slm_lsp.evaluation.report import COLUMNS, cells, page
from slm_lsp.evaluation.run import evaluate
from slm_lsp.index.files import may_be_workspace, workspace_of
from slm_lsp.index.indexer import run as run_index
from slm_lsp.inference.client.client import EngineClient
from slm_lsp.settings.sources import Source, file_sources

if TYPE_CHECKING:
    from slm_lsp.evaluation.cases import Case
    from slm_lsp.evaluation.metrics import Result, Summary
    from slm_lsp.settings.schema import Settings
    from slm_lsp.text.document import Document

DEFAULT_HOLES = 100
"""Holes punched into files: some minutes on a laptop, and shares known to about 10 points."""

DEFAULT_COMMITS = 1000
"""Commits replayed from: some months of a team, listed in less than a second."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("eval", help="measure how good completions are in your code")
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files and folders")
    parser.add_argument(
        "--cases", type=Path, metavar="FILE.jsonl", help="given cases instead of own holes"
    )
    parser.add_argument(
        "--git",
        type=Path,
        nargs="?",
        const=Path(),
        metavar="PATH",
        help="replay the commits of the repository at PATH (the current folder)",
    )
    parser.add_argument(
        "--commits",
        type=positive,
        metavar="N",
        help="with --git: how many commits, newest first (1000)",
    )
    parser.add_argument("--model", metavar="NAME", help="another model than the chosen one")
    parser.add_argument("--out", type=Path, metavar="FILE.jsonl", help="write each result there")
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write a page with charts")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.add_argument(
        "--holes", type=positive, metavar="N", help="how many (100; of --cases: all)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="other holes (0)")
    parser.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Complete every case and print the figures."""
    _check(options)
    written = [path for path in (options.out, options.report) if path]
    if options.cases and os.path.realpath(options.cases) in map(os.path.realpath, written):
        raise UsageError(f"{options.cases} holds the cases and would be overwritten.")
    settings = _settings(options.model)
    cases = _cases(options)
    if settings.context.definition_tokens:
        _index({Path(case.workspace) for case in cases if case.workspace})
    with contextlib.ExitStack() as files:
        out = files.enter_context(_opened(options.out, "wb")) if options.out else None
        report = files.enter_context(_opened(options.report, "ab")) if options.report else None
        results = asyncio.run(evaluate_all(cases, settings, out))
        if report:
            report.truncate(0)
            report.write(page(results, settings.model).encode())
    figures = summary(results)
    if options.json:
        print(msgspec.json.encode(figures).decode())
    else:
        Console().print(_table(figures))
    return 0


def _check(options: argparse.Namespace) -> None:
    given = [bool(options.paths), bool(options.cases), options.git is not None]
    if sum(given) != 1:
        raise UsageError(
            "Name files or folders, or cases with --cases, or commits with --git: one of them."
        )
    if options.commits and options.git is None:
        raise UsageError("--commits goes with --git only.")


def _settings(model: str | None) -> Settings:
    if model is None:
        return settings_for(Path.cwd())
    named = Source("--model", {"model": model}, "kebab")
    return merged([named, *file_sources(Path.cwd().resolve())])


def _cases(options: argparse.Namespace) -> list[Case]:
    if options.git is not None:
        commits, count = options.commits or DEFAULT_COMMITS, options.holes or DEFAULT_HOLES
        return replay(Repository(options.git), commits, count, options.seed)
    if options.cases:
        given = read_cases(options.cases)
        count = min(options.holes or len(given), len(given))
        chance = random.Random(str(options.seed))  # noqa: S311 (a sample, not a secret)
        return [given[at] for at in sorted(chance.sample(range(len(given)), count))]
    named = set(options.paths)
    files = source_files(options.paths)
    root = workspace_of(Path(os.path.commonpath([path.resolve() for path in options.paths])))

    def load(path: Path) -> Document | None:
        try:
            document = read_document(path)
            check_source(path, document)
        except UsageError as error:
            if path in named:
                raise
            print(f"slm-lsp: warning: {error} It is left out.", file=sys.stderr)
            return None
        return in_workspace(document, path, root)

    for path in named.intersection(files):
        load(path)
    if not (cases := punch(files, load, options.holes or DEFAULT_HOLES, options.seed)):
        raise UsageError("There is no code to punch holes into.")
    return [msgspec.structs.replace(case, workspace=str(root or "")) for case in cases]


def _index(roots: set[Path]) -> None:
    """Bring the indexes of the workspaces up to date, as the server has them."""
    for root in filter(may_be_workspace, roots):
        for report in run_index(root.resolve()):
            if report.state == "failed":
                print(f"slm-lsp: warning: no index of {root}: {report.failed}", file=sys.stderr)


async def evaluate_all(
    cases: list[Case], settings: Settings, out: BinaryIO | None = None
) -> list[Result]:
    """Complete `cases` with the model of `settings`; each result is written to `out`, too."""
    engine = EngineClient(settings)
    results = []
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bars = Progress(*columns, TimeRemainingColumn(), console=console)
    bars.disable = not console.is_terminal
    try:
        with bars:
            for case in bars.track(cases, description=f"Asking {escape(settings.model)}"):
                result = await evaluate(case, settings, engine)
                results.append(result)
                if out:
                    out.write(msgspec.json.encode(result) + b"\n")
    finally:
        await engine.close()
    return results


def _opened(path: Path, mode: Literal["wb", "ab"]) -> BinaryIO:
    """Open `path` unbuffered, so that a line is in the file as soon as it was written."""
    try:
        return path.open(mode, buffering=0)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None


def _table(figures: Summary) -> Table:
    table = Table("", *(head for _, head, _ in COLUMNS), box=None, padding=(0, 1, 0, 0))
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row("all", *cells(figures))
    for group in (figures.by_language, figures.by_hole):
        table.add_row()
        for name, part in group.items():
            table.add_row(name, *cells(part))
    return table


def positive(text: str) -> int:
    """Return the number in `text`, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a number from 1 on")
    return int(text)
