"""What each part of the path adds, from the bare model to ghost text, one part more at each step.

| step | what is new |
|---|---|
| `plain` | the publisher's prompt; the answer is shown as it comes (see `plain`) |
| `healed` | the token at the cursor is taken back |
| `order` | the prompt of our table of families: Qwen's hole begins at the window's start |
| `window` | the text that the model reads is chosen by the server |
| `stop` | a line or a block, by the tree |
| `asked` | what is broken or repeated is cut or refused: what a user gets who asks by hand |
| `unasked` | held back where it would annoy, ended in doubt: what a key gets |
| `definitions` | with definitions from other files, which are off by default |

All steps read recorded answers (`recorded`). Ends of intervals of 95 % (`_low`, `_high`) are from
2,000 samples of the holes with replacement. A second table shows `unasked` with other thresholds
of doubt (`completion.minConfidence`).
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.engine_here import default_settings
from benchmarks.evaluation_set import SPLITS, case_file
from benchmarks.plain import plain, plain_prompt, published, written, written_plainly
from benchmarks.recorded import recorded_engine
from benchmarks.report import Figures, publish
from slm_lsp.completion.request import Request, prompt_for
from slm_lsp.completion.stop import stop_rule
from slm_lsp.evaluation.cases import read_cases
from slm_lsp.evaluation.metrics import judged
from slm_lsp.evaluation.run import evaluate
from slm_lsp.index.indexer import run as run_index
from slm_lsp.models.selection import choice
from slm_lsp.syntax.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.evaluation.cases import Case
    from slm_lsp.evaluation.metrics import Result
    from slm_lsp.inference.llama.model import LlamaModel
    from slm_lsp.inference.protocol import Engine
    from slm_lsp.settings.schema import Settings

DEFINITION_TOKENS = 256
"""Budget of the last step."""

THRESHOLDS = (0.0, 0.2, 0.3, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8)
"""Joint probabilities below which ghost text ends."""

SAMPLES, SEED = 2000, 0


async def steps(
    case: Case, settings: Settings, engine: Engine, weights: LlamaModel
) -> dict[str, Result]:
    """Return what becomes of `case` at each step. Raises StoreError or EngineError."""
    found = {"plain": await plain(case, settings, engine, weights)}
    prompt = plain_prompt(case, settings)
    with published(weights):
        found["healed"] = await written_plainly(case, prompt, engine)
    found["order"] = await written_plainly(case, prompt, engine)
    document = case.document()
    request = Request(document, parse(document), document.clamp(case.cursor), invoked=True)
    prompt, stop = prompt_for(request, settings), stop_rule(request, settings)
    found["window"] = await written_plainly(case, prompt, engine)
    draft = await written(engine, prompt, stop, settings.completion.max_tokens)
    found["stop"] = judged(
        case,
        draft.text.rstrip() or None,
        confidence=draft.confidence(len(draft.text)),
        dropped="",
        latency_ms=0.0,
        asked=True,
    )
    found["asked"] = await evaluate(case, settings, engine, invoked=True)
    found["unasked"] = await evaluate(case, settings, engine, invoked=False)
    defined = with_definitions(settings, DEFINITION_TOKENS)
    found["definitions"] = await evaluate(case, defined, engine, invoked=False)
    for threshold in THRESHOLDS:
        surer = from_confidence(settings, threshold)
        found[f"{threshold:.2f}"] = await evaluate(case, surer, engine, invoked=False)
    return found


def with_definitions(settings: Settings, tokens: int) -> Settings:
    """Return `settings` with a budget of so many tokens for definitions in other files."""
    context = msgspec.structs.replace(settings.context, definition_tokens=tokens)
    return msgspec.structs.replace(settings, context=context)


def from_confidence(settings: Settings, threshold: float) -> Settings:
    """Return `settings` where ghost text ends below the joint probability `threshold`."""
    completion = msgspec.structs.replace(settings.completion, min_confidence=threshold)
    return msgspec.structs.replace(settings, completion=completion)


def row(step: str, results: Sequence[Result]) -> dict[str, Any]:
    """Return the figures of a step; characters are by the hole."""
    counts = np.array([_counts(result) for result in results], dtype=float)
    rng = np.random.default_rng(SEED)
    drawn = counts[rng.integers(0, len(counts), (SAMPLES, len(counts)))].mean(axis=1)
    exact, shown, right, saved, wrong = counts.mean(axis=0)
    low, high = np.percentile(drawn[:, 0], [2.5, 97.5])
    shares = drawn[:, 2] / np.maximum(drawn[:, 1], 1e-9)
    right_low, right_high = np.percentile(shares, [2.5, 97.5])
    return {
        "step": step,
        "n": len(results),
        "exact": exact,
        "exact_low": low,
        "exact_high": high,
        "shown": shown,
        "right": right / shown if shown else None,
        "right_low": right_low,
        "right_high": right_high,
        "chars_saved": saved,
        "chars_wrong": wrong,
        "syntax_errors_added": sum(result.syntax_error_added for result in results),
        "suffix_repeated": sum(result.suffix_repeated for result in results),
    }


def _counts(result: Result) -> tuple[float, ...]:
    length = len((result.completion or "").rstrip())
    right = result.shown and result.right
    saved, wrong = (length, 0) if right else (0, length)
    return result.exact_match, result.shown, right, saved, wrong


async def _measure(cases: Sequence[Case], settings: Settings) -> list[dict[str, Result]]:
    async with recorded_engine(settings) as (engine, model):
        with Progress(console=Console(stderr=True)) as bars:
            tracked = bars.track(cases, description="Completing")
            found = [await steps(case, settings, engine, model.weights) for case in tracked]
        print(f"{model.answered} answers were new.", file=sys.stderr)
        return found


def _print(rows: Sequence[dict[str, Any]]) -> None:
    titles = ("step", "exact match", "shown", "right, if shown", "saved", "wrong")
    table = Table(*titles, "errors added", "line repeated", title=f"{rows[0]['n']} holes")
    for it in rows:
        right = "-"
        if it["right"] is not None:
            right = f"{it['right']:.3f} ({it['right_low']:.3f} to {it['right_high']:.3f})"
        table.add_row(
            it["step"],
            f"{it['exact']:.3f} ({it['exact_low']:.3f} to {it['exact_high']:.3f})",
            f"{it['shown']:.3f}",
            right,
            f"{it['chars_saved']:.2f}",
            f"{it['chars_wrong']:.2f}",
            str(it["syntax_errors_added"]),
            str(it["suffix_repeated"]),
        )
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ablation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--split", choices=SPLITS, default="tune")
    parser.add_argument("--holes", type=int, metavar="N", help="a sample of so many (default: all)")
    parser.add_argument("--model", help="another model than the one that `auto` chooses here")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    if not case_file(options.split).exists():
        parser.error("the evaluation set is not here yet; `make eval-set` fetches it")
    cases = read_cases(case_file(options.split))
    cases = random.Random(SEED).sample(cases, min(options.holes or len(cases), len(cases)))
    for root in {case.workspace for case in cases}:
        list(run_index(Path(root).resolve()))
    settings = default_settings()
    if options.model:
        settings = choice.resolved(msgspec.structs.replace(settings, model=options.model))
    found = asyncio.run(_measure(cases, settings))
    rows = [row(step, [it[step] for it in found]) for step in found[0]]
    _print(rows)
    figures: Figures = {"n": len(found)}
    for it in rows:
        figures |= {f"{it['step']}_{name}": it[name] for name in ("exact", "shown", "right")}
    publish("benchmarks.ablation", figures, rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
