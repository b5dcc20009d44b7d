"""Training on a machine without a network or most of what slm-lsp needs elsewhere.

    python -m slm_lsp.training train --base BASE.gguf --shards DIR --out DIR [--tokens N]
        [--minutes N]
    python -m slm_lsp.training export --base BASE.gguf --shards DIR --out DIR MODEL.gguf
        [--type Q8_0]

Needs PyTorch, gguf, msgspec, numpy and rich. It uses the GPU where there is one. `train` goes on
from the checkpoint in `--out`, and prints the curve as JSON.
"""

from __future__ import annotations

import argparse
import functools
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from slm_lsp.errors import SlmLspError, TuneRefused
from slm_lsp.training import (
    checkpoint,
    export,
    gguf_metadata,
    progress,
)
from slm_lsp.training.data import shards
from slm_lsp.training.lock import locked
from slm_lsp.training.network import lora
from slm_lsp.training.network.weights import compiled, prepared
from slm_lsp.training.run import TrainingConfig
from slm_lsp.training.train import Training

if TYPE_CHECKING:
    from collections.abc import Callable

Number = TypeVar("Number", int, float)


def main(arguments: list[str]) -> int:
    """Do what `arguments` say; a failure is one line on stderr and the exit code 1."""
    options = _parser().parse_args(arguments)
    try:
        options.func(options)
    except (SlmLspError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; the same command goes on from here.\n")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m slm_lsp.training", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, func in (("train", _train), ("export", _export)):
        command = commands.add_parser(name)
        command.add_argument("--base", type=Path, required=True, metavar="BASE.gguf")
        command.add_argument("--shards", type=Path, required=True, metavar="DIR")
        command.add_argument("--out", type=Path, required=True, metavar="DIR")
        command.set_defaults(func=func)
        if name == "export":
            command.add_argument("model", type=Path, metavar="MODEL.gguf")
            command.add_argument("--type", choices=export.TYPES, default="Q8_0")
            command.add_argument("--name", default="slm-fim-135m")
            continue
        add = command.add_argument
        count, limit = _from(1, int), _from(0, int)
        add("--held-out", type=Path, metavar="DIR", help="shards to judge by, not to learn from")
        add("--whole", action="store_true", help="train all weights")
        add("--adapter", type=Path, metavar="ADAPTER.gguf", help="begin with what it has learned")
        add("--compile", action="store_true", help="a third faster; takes C++ and Python's headers")
        add("--learning-rate", type=float, default=6e-4, metavar="RATE", help="at its top (6e-4)")
        add("--batch-rows", type=count, default=64, metavar="N", help="rows of a step (64)")
        add("--rows-at-once", type=count, default=16, metavar="N", help="computed together (16)")
        add("--tokens", type=limit, default=0, metavar="N", help="learn from so many at most")
        add("--minutes", type=_from(0, float), default=0.0, metavar="N", help="for so long at most")
        add("--seed", type=int, default=0, metavar="N", help="another order of the rows (0)")
    return parser


def _train(options: argparse.Namespace) -> None:
    if not (options.tokens or options.minutes):
        raise TuneRefused("Say how long: --tokens N, --minutes N or both.")
    index, rows = shards.read(options.shards)
    held_out = shards.read(options.held_out)[1] if options.held_out else None
    model = prepared(options.base, 0 if options.whole else lora.RANK, index.new.values())
    if options.adapter:
        lora.begin_with(model, options.adapter)
    if options.compile:
        compiled(model)
    training = Training(model, index, rows, options.out, held_out)
    wishes = TrainingConfig(
        learning_rate=options.learning_rate,
        batch_rows=options.batch_rows,
        rows_at_once=options.rows_at_once,
        tokens=options.tokens,
        minutes=options.minutes,
        seed=options.seed,
    )
    with locked(options.out), progress.shown() as report:
        state = training.run(wishes, report)
    found = {"steps": state.step, "seconds": round(state.seconds, 1), "curve": state.curve}
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")


def _from(least: int, kind: Callable[[str], Number]) -> Callable[[str], Number]:
    """Return what reads a number from `least` on, for argparse."""

    def number(text: str) -> Number:
        found = kind(text)
        if not least <= found < math.inf:
            raise argparse.ArgumentTypeError(f"must be a number from {least} on")
        return found

    return number


def _export(options: argparse.Namespace) -> None:
    index, _ = shards.read(options.shards)
    state = checkpoint.load(options.out)
    if state is None:
        raise TuneRefused(f"There is no training in {options.out}.")
    tensors = state.best or state.weights
    if any(key.endswith(".lora_a") for key in tensors):
        write = export.adapter
    else:
        write = functools.partial(export.model, kind=options.type)
    write(
        options.model,
        tensors,
        base=options.base,
        name=options.name,
        teaches=gguf_metadata.taught(index.new, index.end, index.end_weight),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
