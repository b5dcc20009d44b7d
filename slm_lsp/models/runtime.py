"""What works with whole models, in processes of its own: the runtime can crash, and memory goes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

import slm_lsp
from slm_lsp.errors import ModelUnusable
from slm_lsp.models.record import (
    TYPICAL,
    Case,
    Speed,
    Trial,
)
from slm_lsp.platform import huge_pages

if TYPE_CHECKING:
    from collections.abc import Sequence

CALM = {"GOMP_SPINCOUNT": "10000", "GGML_NO_BACKTRACE": "1"}
"""Environment of every process that runs a model. By default OpenMP's threads burn the processor
for milliseconds while they wait for one another: with a compiler running beside it on two cores,
reading a prompt was twice and writing more than twice as fast with this, and within 5 % of it on an
idle machine. And llama.cpp, when it gives up, starts a debugger on itself if there is one."""

_TIMEOUT_S = 600
"""Requantising and measuring the default model takes seconds; a hung runtime ends here."""


_TURNS = 2
"""Measurements of which the better one counts, each of up to three seconds."""


def environment() -> dict[str, str]:
    """Return the environment of a process that runs a model: this one's, CALM, and huge pages."""
    tunables = huge_pages.tunables(os.environ.get("GLIBC_TUNABLES", ""))
    return os.environ | CALM | {"GLIBC_TUNABLES": tunables}


def requantize(source: Path, target: Path, type_name: str) -> None:
    """Write `source` to `target` in another quantisation. Raises ModelUnusable."""
    run("requantize", str(source), str(target), type_name)


def measure(path: Path, threads: int, cases: Sequence[Case]) -> list[Speed]:
    """Time each of `cases` with the model file at `path`. Raises ModelUnusable."""
    wanted = msgspec.json.encode(cases).decode()
    return msgspec.json.decode(run("measure", str(path), str(threads), wanted), type=list[Speed])


def fastest(path: Path, threads: int) -> Speed:
    """Time TYPICAL as often as `_TURNS` says, and return the best. Raises ModelUnusable.

    A choice of models follows from it, and what else the machine does meanwhile only slows it down.
    """
    found = measure(path, threads, [TYPICAL] * _TURNS)
    return max(found, key=lambda speed: speed.decode_tokens_per_s)


def exact_match(path: Path, threads: int) -> float:
    """Return the share of the sample's holes that the model fills exactly. Raises ModelUnusable."""
    return msgspec.json.decode(run("quality", str(path), str(threads)), type=float)


def attempt(path: Path, threads: int, adapter: Path | None = None) -> Trial:
    """Run the model file at `path` for the first time, or with `adapter`. Raises ModelUnusable."""
    further = () if adapter is None else (str(adapter),)
    printed = run(str(path), str(threads), *further, module="inference.programs.trial")
    return msgspec.json.decode(printed, type=Trial)


def merge(base: Path, adapter: Path, target: Path, quantisation: str = "") -> None:
    """Write what `base` is with `adapter` to `target`. Raises ModelUnusable.

    The weights get the `quantisation`, or the one that they had if it is empty.
    """
    kind = [quantisation] if quantisation else []
    run(str(base), str(adapter), str(target), *kind, module="training.merge")


def prepare(source: Path, target: Path) -> None:
    """Write the model in `source` to `target` as processors like it. Raises ModelUnusable."""
    run(str(source), str(target), module="models.preparation")


def run(*arguments: str, module: str = "inference.programs.quantize") -> bytes:
    """Run a module of `slm_lsp` and return what it printed. Raises ModelUnusable."""
    try:
        ended = subprocess.run(
            [sys.executable, "-m", f"slm_lsp.{module}", *arguments],
            # In the user's folder, `-m` could find a stranger's slm_lsp.
            cwd=Path(slm_lsp.__file__).parents[1],
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelUnusable(f"The model runtime gave no answer in {_TIMEOUT_S} s.") from error
    if ended.returncode < 0:
        raise ModelUnusable(f"The model runtime was ended by signal {-ended.returncode}.")
    if ended.returncode > 0:
        reason = ended.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ModelUnusable(reason[-1] if reason else "The model runtime failed without a reason.")
    return ended.stdout
