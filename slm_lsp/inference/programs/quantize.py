"""Requantising model files and measuring their speed and quality, for the model store.

The store runs this file as a process of its own, so that a crash of the runtime ends only that:

    python -m slm_lsp.inference.programs.quantize requantize SOURCE TARGET TYPE
    python -m slm_lsp.inference.programs.quantize measure PATH THREADS CASES   a `Speed` a `Case`
    python -m slm_lsp.inference.programs.quantize quality PATH THREADS         a share from 0 to 1

Cases and what is printed are JSON.
"""

from __future__ import annotations

import ctypes
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import llama_cpp
import msgspec

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.gguf import reader
from slm_lsp.inference.llama import backends
from slm_lsp.inference.llama.context import LlamaContext
from slm_lsp.inference.llama.library import Llama
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.programs.quality import exact_match
from slm_lsp.models.record import Case, Speed
from slm_lsp.platform import sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

TYPES = {
    "Q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0,
    "Q4_1": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_1,
    "Q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
    "F16": llama_cpp.LLAMA_FTYPE_MOSTLY_F16,
}

_RUNS = 7
"""Enough that the median outlives two runs disturbed by other processes."""

_LEAST_RUNS = 3
_ENOUGH_S = 3.0
"""A case that takes long is run fewer times once it took so many seconds."""

_ERROR = 4
"""GGML_LOG_LEVEL_ERROR (ggml.h)."""


_complaints: list[str] = []


def _listen(level: int, text: bytes, _data: ctypes.c_void_p) -> None:
    if level == _ERROR:
        _complaints.append(text.decode("utf-8", "replace").strip())


_LISTENER = llama_cpp.llama_log_callback(_listen)  # has to live as long as llama.cpp calls it


def requantize(source: Path, target: Path, type_name: str) -> None:
    """Write `source` to `target` in another quantisation, a key of TYPES. Raises ModelUnusable."""
    reader.read(source)
    llama_cpp.llama_log_set(_LISTENER, ctypes.c_void_p(0))
    backends.load()
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = TYPES[type_name]
    params.allow_requantize = True
    code = llama_cpp.llama_model_quantize(
        str(source).encode(), str(target).encode(), ctypes.byref(params)
    )
    if code != 0:
        reason = " ".join(_complaints)
        raise ModelUnusable(f"llama.cpp cannot make {type_name} of {source.name}: {reason}")


def measure(path: Path, threads: int, cases: Sequence[Case]) -> list[Speed]:
    """Time each of `cases` through the engine's own calls. Raises ModelUnusable."""
    abort = AbortFlag()
    longest = max(case.held + case.evaluated + case.generated for case in cases)
    llama = Llama(path)
    context = LlamaContext(llama, threads=threads, tokens=longest, abort=abort)
    try:
        return [_speed(context, case, abort) for case in cases]
    finally:
        context.close()
        llama.close()


def _speed(context: LlamaContext, case: Case, abort: AbortFlag) -> Speed:
    """Return the medians of several runs. Any tokens cost the same."""
    context.forget_from(0, 0)
    context.evaluate(range(case.held), position=0, sequence=0, abort=abort)
    _request(context, case, abort)  # the first one also faults the weights in
    runs: list[tuple[float, float]] = []
    until = time.perf_counter() + _ENOUGH_S
    while len(runs) < _LEAST_RUNS or (len(runs) < _RUNS and time.perf_counter() < until):
        runs.append(_request(context, case, abort))
    return Speed(
        prefill_tokens_per_s=case.evaluated / statistics.median(run[0] for run in runs),
        decode_tokens_per_s=case.generated / statistics.median(run[1] for run in runs),
        request_ms=1000 * statistics.median(sum(run) for run in runs),
    )


def _request(context: LlamaContext, case: Case, abort: AbortFlag) -> tuple[float, float]:
    """Return the seconds it took to read the prompt and to generate the answer."""
    context.forget_from(case.held, 0)
    end = case.held + case.evaluated
    begin = time.perf_counter()
    context.evaluate(range(case.evaluated), position=case.held, sequence=0, abort=abort)
    context.logits(-1)  # waits until they are computed
    middle = time.perf_counter()
    for token in range(case.generated):
        context.evaluate([token], position=end + token, sequence=0, abort=abort)
        context.logits(-1)
    return middle - begin, time.perf_counter() - middle


def _print(value: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(value))


def main(arguments: list[str]) -> int:
    """Do what `arguments` say; a failure is one line on stderr and the exit code 1."""
    sandbox.give_up()
    try:
        match arguments:
            case ["requantize", source, target, type_name]:
                requantize(Path(source), Path(target), type_name)
            case ["measure", path, threads, cases]:
                wanted = msgspec.json.decode(cases, type=list[Case])
                _print(measure(Path(path), int(threads), wanted))
            case ["quality", path, threads]:
                _print(exact_match(Path(path), int(threads)))
            case _:
                sys.stderr.write(f"{__doc__}\n")
                return 2
    except ModelUnusable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
