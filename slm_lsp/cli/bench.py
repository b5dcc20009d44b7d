"""`slm-lsp bench`: how fast this machine is with a model, and which model suits it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from slm_lsp import models
from slm_lsp.cli.arguments import settings_for
from slm_lsp.cli.progress import shown
from slm_lsp.errors import ModelUnusable, StoreError, UsageError
from slm_lsp.models import installed, runtime
from slm_lsp.models.record import Case
from slm_lsp.models.selection import choice, machine_speed
from slm_lsp.models.selection.choice import Candidate
from slm_lsp.platform.machine import model_threads, this_machine
from slm_lsp.settings import policy

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from slm_lsp.models.record import Speed
    from slm_lsp.settings.schema import Settings

TYPED, ANSWER = 6, 12
"""Tokens that a key adds to the prompt, token healing included, and those of a line's rest: what a
typist needs in the replay benchmark."""

READ_AT_ONCE = 256
"""Tokens of the prompt that the speed of reading is measured with: less is slower by the token."""


class Report(msgspec.Struct, frozen=True):
    """What was measured and what follows from it.

    `typing_ms`: a request while typing, measured; `jump_ms`: one in a new place, if all of the
    window is read first, computed; `tokens_in_budget`: what can be read in such a place so that the
    answer comes within `budget_ms`. `auto` is what is expected of the models that the setting
    `model = "auto"` may be, and `recommended` the best of them.
    """

    model: str
    quantisation: str
    machine: str
    threads: int
    prefill_tokens_per_s: float
    decode_tokens_per_s: float
    window_tokens: int
    typing_ms: float
    jump_ms: float
    budget_ms: int
    tokens_in_budget: int
    auto: tuple[Candidate, ...]
    recommended: str


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("bench", help="how fast this machine is, and the model for it")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Measure the model of the settings; exit code 0 also where none is fast enough."""
    settings = settings_for(Path.cwd())
    model = models.permitted(settings.model, policy.load())
    if model.kind == "fake":
        raise UsageError("A scripted model has no speed; choose a real one in the settings.")
    models.check(model)
    threads = settings.engine.threads or model_threads()
    with shown() as progress:
        progress(f"measure {model.name}", 0, 0)
        speeds = runtime.measure(model.path, threads, cases(settings))
        with contextlib.suppress(StoreError, ModelUnusable):  # a store that cannot be written
            machine_speed.measure(progress)
    report = conclude(settings, threads, speeds)
    print(msgspec.json.encode(report).decode() if options.json else as_text(report))
    return 0


def cases(settings: Settings) -> list[Case]:
    """Return what is measured: a key while typing behind a full window, and reading much."""
    return [
        Case(settings.context.prefix_tokens, TYPED, ANSWER),
        Case(0, READ_AT_ONCE, ANSWER),
    ]


def conclude(settings: Settings, threads: int, speeds: Sequence[Speed]) -> Report:
    """Make a report of the speeds of `cases`. Raises StoreError."""
    typing, reading = speeds
    window_tokens, budget_ms = settings.context.prefix_tokens, settings.completion.budget_ms
    writing_ms = ANSWER / reading.decode_tokens_per_s * 1e3
    auto = choice.candidates(budget_ms)
    in_budget = max(0.0, budget_ms - writing_ms) / 1e3 * reading.prefill_tokens_per_s
    return Report(
        model=settings.model,
        quantisation=installed.get(settings.model).used.quantisation,
        machine=this_machine(),
        threads=threads,
        prefill_tokens_per_s=reading.prefill_tokens_per_s,
        decode_tokens_per_s=reading.decode_tokens_per_s,
        window_tokens=window_tokens,
        typing_ms=typing.request_ms,
        jump_ms=window_tokens / reading.prefill_tokens_per_s * 1e3
        + ANSWER / typing.decode_tokens_per_s * 1e3,
        budget_ms=budget_ms,
        tokens_in_budget=min(window_tokens, int(in_budget)),
        auto=auto,
        recommended=choice.best(auto).name,
    )


def as_text(report: Report) -> str:
    """Return the report for people."""
    budget, window = f"{report.budget_ms} ms", f"{report.window_tokens:,}"
    typing = f"{TYPED} new tokens, {ANSWER} written, behind {window} others"
    jump = f"all {window} tokens new; the nearest {report.tokens_in_budget:,} fit into {budget}"
    lines = (
        f"{report.model} ({report.quantisation}), {report.threads} threads, {report.machine}",
        f"reads   {report.prefill_tokens_per_s:6,.0f} tokens/s",
        f"writes  {report.decode_tokens_per_s:6,.0f} tokens/s",
        f"ghost text while typing  {report.typing_ms:6,.0f} ms  ({typing})",
        f"ghost text after a jump  {report.jump_ms:6,.0f} ms  ({jump})",
        'from a key to the first text that may end there (`model = "auto"`):',
        *(f"  {line}" for line in choice.reckoning(report.auto, report.budget_ms)),
    )
    return "\n".join(lines)
