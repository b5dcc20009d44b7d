"""Requantising model files and measuring their speed, for the model store.

The store runs this file as a process of its own, so that a crash of the runtime ends only that:

    python -m slm_lsp.engine.quantize requantize SOURCE TARGET TYPE
    python -m slm_lsp.engine.quantize measure PATH THREADS      prints a `Speed` as JSON
"""

from __future__ import annotations

import ctypes
import statistics
import sys
import time
from pathlib import Path

import llama_cpp
import msgspec

from slm_lsp.engine.llama import Llama
from slm_lsp.engine.model import AbortFlag
from slm_lsp.errors import ModelUnusable
from slm_lsp.store.record import Speed

TYPES = {
    "Q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0,
    "Q4_1": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_1,
    "Q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
    "F16": llama_cpp.LLAMA_FTYPE_MOSTLY_F16,
}

PROMPT_TOKENS = 64
GENERATED_TOKENS = 16
"""A typical request while typing: the new part of a window, and one line of answer."""

_RUNS = 7
"""Enough that the median outlives two runs disturbed by other processes."""

_ERROR = 4
"""GGML_LOG_LEVEL_ERROR (ggml.h)."""


_complaints: list[str] = []


def _listen(level: int, text: bytes, _data: ctypes.c_void_p) -> None:
    if level == _ERROR:
        _complaints.append(text.decode("utf-8", "replace").strip())


_LISTENER = llama_cpp.llama_log_callback(_listen)  # has to live as long as llama.cpp calls it


def requantize(source: Path, target: Path, type_name: str) -> None:
    """Write `source` to `target` in another quantisation, a key of TYPES. Raises ModelUnusable."""
    llama_cpp.llama_log_set(_LISTENER, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = TYPES[type_name]
    params.allow_requantize = True
    code = llama_cpp.llama_model_quantize(
        str(source).encode(), str(target).encode(), ctypes.byref(params)
    )
    if code != 0:
        reason = " ".join(_complaints)
        raise ModelUnusable(f"llama.cpp cannot make {type_name} of {source.name}: {reason}")


def measure(path: Path, threads: int) -> Speed:
    """Time a typical request through the engine's own calls: the medians of several runs.

    Raises ModelUnusable.
    """
    abort = AbortFlag()
    llama = Llama(
        path,
        threads=threads,
        context_tokens=4 * (PROMPT_TOKENS + GENERATED_TOKENS),
        abort=abort,
    )
    try:
        _request(llama, abort)  # the first one also faults the weights in
        runs = [_request(llama, abort) for _ in range(_RUNS)]
    finally:
        llama.close()
    return Speed(
        prefill_tokens_per_s=PROMPT_TOKENS / statistics.median(run[0] for run in runs),
        decode_tokens_per_s=GENERATED_TOKENS / statistics.median(run[1] for run in runs),
        request_ms=1000 * statistics.median(sum(run) for run in runs),
    )


def _request(llama: Llama, abort: AbortFlag) -> tuple[float, float]:
    """Return the seconds it took to read the prompt and to generate the answer."""
    llama.forget_from(0, 0)
    begin = time.perf_counter()
    llama.evaluate(
        range(PROMPT_TOKENS), position=0, sequence=0, abort=abort
    )  # any tokens cost the same
    llama.logits()  # waits until they are computed
    middle = time.perf_counter()
    for token in range(GENERATED_TOKENS):
        llama.evaluate([token], position=PROMPT_TOKENS + token, sequence=0, abort=abort)
        llama.logits()
    return middle - begin, time.perf_counter() - middle


def main(arguments: list[str]) -> int:
    """Do what `arguments` say; a failure is one line on stderr and the exit code 1."""
    try:
        match arguments:
            case ["requantize", source, target, type_name]:
                requantize(Path(source), Path(target), type_name)
            case ["measure", path, threads]:
                speed = measure(Path(path), int(threads))
                sys.stdout.buffer.write(msgspec.json.encode(speed))
            case _:
                sys.stderr.write(f"{__doc__}\n")
                return 2
    except ModelUnusable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
