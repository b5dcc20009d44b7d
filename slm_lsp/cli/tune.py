"""`slm-lsp tune`: fit a model to the user's own code, on this machine alone."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import platformdirs
from rich.console import Console
from rich.table import Table

from slm_lsp import models
from slm_lsp.cli.arguments import settings_for
from slm_lsp.cli.eval import evaluate_all, positive
from slm_lsp.cli.model_list import kept_apart
from slm_lsp.cli.progress import shown
from slm_lsp.cli.source_file import in_workspace, read_document
from slm_lsp.errors import TuneRefused, UsageError
from slm_lsp.evaluation.files import check_source, source_files
from slm_lsp.evaluation.holes import punch
from slm_lsp.evaluation.metrics import Figures, figures
from slm_lsp.evaluation.report import COLUMNS, cells
from slm_lsp.index.files import workspace_of
from slm_lsp.models import adapter_import, record
from slm_lsp.models.runtime import CALM
from slm_lsp.settings import policy
from slm_lsp.training.data.repository import Repository
from slm_lsp.training.lock import locked

if TYPE_CHECKING:
    from collections.abc import Callable

    from slm_lsp.models import InstalledModel
    from slm_lsp.text.document import Document
    from slm_lsp.training.adapter_training import Adapter

MINUTES = 20.0
MOST_MINUTES = 10_000
HOLES = 120


class Tuned(msgspec.Struct, frozen=True):
    """What `--json` prints. `curve` has the held-out loss (nats a token) by tokens learned from."""

    name: str
    base: str
    files: int
    left_out: dict[str, int]
    tokens: int
    curve: list[tuple[int, float]]
    before: Figures
    after: Figures


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("tune", help="fit a model to your own code, on this machine")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files and folders")
    parser.add_argument("--base", metavar="MODEL", help="the model to fit (that of the settings)")
    parser.add_argument("--name", help="what to call the result (the base's, then the folder's)")
    parser.add_argument("--out", type=Path, metavar="FILE.gguf", help="copy the adapter there, too")
    parser.add_argument(
        "--minutes", type=_minutes, default=MINUTES, metavar="N", help="how long to train (20)"
    )
    parser.add_argument(
        "--holes", type=positive, default=HOLES, metavar="N", help="of the table (120)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="other parts (0)")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Train, put the result into the store, and print what it is worth."""
    _require_extra()
    settings = settings_for(Path.cwd())
    base = _base(options.base or settings.model)
    files = source_files(options.paths)
    root = workspace_of(Path(os.path.commonpath([path.resolve() for path in options.paths])))
    name = options.name or f"{base.name}-{(root or Path.cwd()).name.lower()}"
    _require_place(name, options.out)
    load = _loader(root)
    repository = Repository.of(files, load, options.seed)
    _tell(repository)
    work = platformdirs.user_cache_path("slm-lsp") / "tune" / name
    with locked(work):
        adapter = _learned(options, base, name, repository, load, work)
        _keep(adapter, base.name, name, options.out)
        shutil.rmtree(work)
    cases = punch(repository.judged, load, options.holes, options.seed)
    before, after = (
        figures(asyncio.run(evaluate_all(cases, msgspec.structs.replace(settings, model=model))))
        for model in (base.name, name)
    )
    left_out, learned = dict(repository.left_out), len(repository.learned)
    tuned = Tuned(name, base.name, learned, left_out, adapter.tokens, adapter.curve, before, after)
    if options.json:
        print(msgspec.json.encode(tuned).decode())
    else:
        _print(tuned)
    return 0


def _learned(
    options: argparse.Namespace,
    base: InstalledModel,
    name: str,
    repository: Repository,
    load: Callable[[Path], Document | None],
    work: Path,
) -> Adapter:
    os.environ.update(CALM)  # its threads spin, too, and read this when they are loaded
    # Imported here: PyTorch takes seconds, and is there only with the extra.
    from slm_lsp.training.adapter_training import Job, learn
    from slm_lsp.training.progress import shown as training_shown

    job = Job(base.path, name, options.minutes, options.seed)
    try:
        with training_shown() as report:
            return learn(job, repository, load, work, report)
    except KeyboardInterrupt:
        print("slm-lsp: stopped; the same command goes on from here.", file=sys.stderr)
        raise


def _keep(adapter: Adapter, base: str, name: str, out: Path | None) -> None:
    if out:
        record.replace(out, adapter.file.read_bytes())
    with shown() as progress:
        made = adapter_import.take_in(adapter.file, base, name, "", progress)
    if made.apart:
        _say(kept_apart(made.apart))
    _say(f"{name} is in the store; now it is compared with {base}")


def _require_place(name: str, out: Path | None) -> None:
    """Raise StoreError or UsageError where what came of it could not be kept under these names."""
    adapter_import.check_name(name)
    if out and (out.is_dir() or not os.access(out.absolute().parent, os.W_OK)):
        raise UsageError(f"{out} cannot be written; name a file in an existing folder with --out.")


def _require_extra() -> None:
    if not all(map(find_spec, ("torch", "gguf"))):
        raise TuneRefused("Fine-tuning needs PyTorch: `pip install 'slm-lsp[tune]'` adds it.")


def _base(name: str) -> InstalledModel:
    """Return the model to fit, its checksum matched. Raises StoreError or TuneRefused."""
    if policy.load().allowed_models is not None:  # no list has what is yet to be made
        raise TuneRefused(
            f"{policy.FILE} allows listed models only, so none that is tuned here; tune it on "
            "another machine, and have it added to the list."
        )
    found = models.resolve(name)
    if found.kind == "fake":
        raise TuneRefused("A scripted model cannot be tuned; name a real one with --base.")
    if found.adapter is not None or found.unmerged is not None:
        raise TuneRefused(f"'{name}' was tuned already; name the model before that with --base.")
    models.check(found)
    return found


def _loader(root: Path | None) -> Callable[[Path], Document | None]:
    def load(path: Path) -> Document | None:
        try:
            document = read_document(path)
            check_source(path, document)
        except UsageError:
            return None
        return in_workspace(document, path, root)

    return load


def _tell(repository: Repository) -> None:
    left_out = ", ".join(f"{count} {why}" for why, count in sorted(repository.left_out.items()))
    _say(
        f"{len(repository.learned)} files to learn from, {len(repository.held_out)} to tell when "
        f"to stop, {len(repository.judged)} to judge by"
        + (f"; left out: {left_out}" if left_out else "")
    )


def _say(text: str) -> None:
    Console(stderr=True, markup=False).print(text, highlight=False, soft_wrap=True)


def _print(tuned: Tuned) -> None:
    table = Table("", *(head for _, head, _ in COLUMNS), box=None, padding=(0, 1, 0, 0))
    for label, part in ((tuned.base, tuned.before), (tuned.name, tuned.after)):
        table.add_row(label, *cells(part))
    console = Console()
    console.print(table)
    if (tuned.after.exact_match or 0) > (tuned.before.exact_match or 0):
        told = f"`slm-lsp models use {tuned.name}` makes it the default model"
    else:
        told = f"It is no better than {tuned.base} in these holes: keep that, or train for longer."
    console.print(told, highlight=False, soft_wrap=True)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes <= MOST_MINUTES:
        raise argparse.ArgumentTypeError(f"must be a number above 0, up to {MOST_MINUTES}")
    return minutes
