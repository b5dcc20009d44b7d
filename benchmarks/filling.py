"""How models fill in by themselves: greedily, and nothing of it is tidied or left out.

    python -m benchmarks.filling MODEL... [--split tune|reported] [--holes N] [--json FILE]

Each MODEL is one of the store, and reads what a request would give it, without definitions in other
files. It writes until it ends by itself; in a hole within one line, a newline ends it as well.
`exact_match` is the share of the holes that are filled exactly; with `_alone` nothing stands behind
the cursor. `ended` is the share of the holes within one line where it stopped by itself. The rows
have the same for each kind of hole.
"""

from __future__ import annotations

import os
import random
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console
from rich.progress import Progress

from benchmarks.evaluation_set import SPLITS, case_file
from benchmarks.report import Figures, command_line, mean, publish
from slm_lsp.completion.request import Request, prompt_for
from slm_lsp.evaluation.cases import read_cases
from slm_lsp.evaluation.holes import KINDS, SCENARIOS
from slm_lsp.inference.client.launch import options_for
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.worker.loading import load_model
from slm_lsp.models.runtime import CALM
from slm_lsp.settings.schema import Settings
from slm_lsp.syntax.syntax import parse

if TYPE_CHECKING:
    from slm_lsp.evaluation.cases import Case
    from slm_lsp.inference.model import Model
    from slm_lsp.inference.protocol import Prompt

MOST_TOKENS = 256
"""Of an answer; a hole of the set has a twentieth of that as a rule."""

QUICK_HOLES = 20
SEED = 0


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of a hole: whether it is filled exactly, and whether the model ended it."""

    case: Case
    exact: bool
    ended: bool


def fill(model: Model, case: Case, prompt: Prompt, abort: AbortFlag) -> Filled:
    """Let `model` write into the hole; leave a longer one where it cannot become right."""
    expected, text, ended = case.expected.rstrip(), "", True
    within_line = _within_line(case)
    model.prefill(prompt, 0.0, abort)
    for count, token in enumerate(model.decode({0}, abort), 1):
        text += token.text
        over = "\n" in text if within_line else not expected.startswith(text.rstrip())
        if over or count == MOST_TOKENS:
            ended = False
            break
    written = text.partition("\n")[0] if within_line else text
    return Filled(case, written.rstrip() == expected, ended)


def _within_line(case: Case) -> bool:
    """Tell whether a hole has no end of a line in it, not even as the last that was cut out."""
    return "\n" not in case.expected


def measure(name: str, cases: list[Case]) -> list[dict[str, Any]]:
    """Return a row for each kind of hole, and one for all of them."""
    settings, abort = msgspec.structs.replace(Settings(), model=name), AbortFlag()
    model = load_model(options_for(settings), abort)
    pairs = []
    try:
        with Progress(console=Console(stderr=True)) as bars:
            for case in bars.track(cases, description=name):
                document = case.document()
                request = Request(document, parse(document), document.clamp(case.cursor))
                prompt = prompt_for(request, settings)
                alone = msgspec.structs.replace(prompt, suffix="")
                pairs.append([fill(model, case, it, abort) for it in (prompt, alone)])
    finally:
        model.close()
    return [_row(name, kind, pairs) for kind in ("all", "within a line", *KINDS, *SCENARIOS)]


def _row(name: str, kind: str, pairs: list[list[Filled]]) -> dict[str, Any]:
    if kind == "within a line":
        pairs = [pair for pair in pairs if _within_line(pair[0].case)]
    elif kind != "all":
        pairs = [pair for pair in pairs if pair[0].case.hole == kind]
    return {
        "model": name,
        "holes": kind,
        "n": len(pairs),
        "exact_match": mean([pair[0].exact for pair in pairs]),
        "exact_match_alone": mean([pair[1].exact for pair in pairs]),
        "ended": mean([pair[0].ended for pair in pairs if _within_line(pair[0].case)]),
    }


def main() -> int:
    """Run the benchmark."""
    parser = command_line("benchmarks.filling", __doc__, f"{QUICK_HOLES} holes")
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--split", choices=SPLITS, default="tune")
    parser.add_argument("--holes", type=int, metavar="N", help="a sample of so many (default: all)")
    options = parser.parse_args()
    for key, value in CALM.items():
        os.environ.setdefault(key, value)
    cases = read_cases(case_file(options.split))
    count = QUICK_HOLES if options.quick else options.holes or len(cases)
    cases = random.Random(SEED).sample(cases, min(count, len(cases)))
    rows = [row for name in options.models for row in measure(name, cases)]
    figures: Figures = {}
    for row in (it for it in rows if it["holes"] in ("all", "within a line")):
        for key in ("exact_match", "exact_match_alone", "ended"):
            figures[f"{row['model']}, {row['holes']} (n={row['n']}): {key}"] = row[key]
    publish("benchmarks.filling", figures, rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
