"""llama.cpp's context: evaluates tokens, holds their KV cache, and says what may come next."""

from __future__ import annotations

import ctypes
import math
import time
from typing import TYPE_CHECKING, Any

import llama_cpp
import numpy as np

from slm_lsp.errors import CardFailed, ModelUnusable
from slm_lsp.inference.llama.throughput import Throughput
from slm_lsp.inference.model import Aborted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.inference.llama.library import Llama
    from slm_lsp.inference.llama.sampling import Logits
    from slm_lsp.inference.model import AbortFlag

LARGEST_BATCH = 256
"""Tokens computed at once at the most: a tenth faster than 128, and 512 is no faster."""

ROWS = 16
"""Tokens that kernels compute together, with AMX: 198 at once take longer than 208."""

BRANCHES = 3
"""Sequences side by side: a prompt's own, and those of further answers to it."""

FORK = BRANCHES
"""The number of one more, see `trunk`."""

State = ctypes.Array[ctypes.c_uint8]
"""What a sequence looks like in memory."""

Appended = tuple[int, int, int]
"""A token, its position and its sequence."""

_ABORTED = 2
"""What `llama_decode` returns when the abort callback stopped it (llama.h)."""


class LlamaContext:
    """A KV cache of one prompt and its answers, and what computes it.

    The sequences share one memory (`kv_unified`), so a branch costs only the tokens of its own.
    All of what is in that memory is looked at for each token, whatever sequence it belongs to:
    two prompts in it would make both twice as slow, hence a context for each.
    """

    def __init__(self, llama: Llama, *, threads: int, tokens: int, abort: AbortFlag) -> None:
        """Reserve room for `tokens`. `abort` stops evaluations as long as it is set.

        Raises CardFailed or ModelUnusable where there is not enough memory.
        """
        self.threads = self._threads = self._most_threads = threads
        """How many work from the next batch on."""
        self.pace = Throughput()
        """What it learns its speed with, and how large batches may be."""
        self._scores = ctypes.c_float * llama.vocabulary_size
        self._context = _new_context(llama, threads, tokens)
        self._install_abort(abort)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._batch = llama_cpp.llama_batch_init(LARGEST_BATCH, 0, 1)
        for row in range(LARGEST_BATCH):
            self._batch.n_seq_id[row] = 1
        self.evaluated = 0
        """Tokens of prompts evaluated so far."""
        self.appended = 0
        """Tokens of answers evaluated so far."""

    def _install_abort(self, abort: AbortFlag) -> None:
        # llama.cpp asks "stop?" by calling a C function with a pointer. libc's strlen answers 0 on
        # an empty string and not 0 on any other, so one byte of shared memory stops a decode
        # without taking the interpreter's lock, which a Python callback would wait for.
        self._abort = abort  # keeps the byte alive as long as the context that reads it
        strlen = ctypes.cast(ctypes.CDLL(None).strlen, llama_cpp.ggml_abort_callback)
        llama_cpp.llama_set_abort_callback(self._context, strlen, ctypes.c_void_p(abort.address))

    def close(self) -> None:
        """Free the memory; the object cannot be used afterwards."""
        llama_cpp.llama_batch_free(self._batch)
        llama_cpp.llama_free(self._context)

    def evaluate(
        self,
        tokens: Sequence[int],
        *,
        position: int,
        sequence: int,
        abort: AbortFlag,
        outputs: int = 1,
    ) -> None:
        """Evaluate `tokens` of `sequence` from `position` on; `logits` has the last `outputs`.

        Raises Aborted. That loses the batch it falls into, and finished batches stay. Each is twice
        the one before, so what is lost is never much more than what was kept, and somebody who
        types faster than a prompt can be read still finds more of it in the cache at every key.
        On fewer threads they do not grow: whoever begins to wait does so for the end of one.
        """
        batch = self._batch
        at, size = 0, self.pace.first_batch()
        while at < len(tokens):
            abort.check()
            pace = self.pace
            if self.threads < self._most_threads:
                size = pace.first_batch()
            part = tokens[at : at + batch_size(len(tokens) - at, size, outputs)]
            for row, token in enumerate(part):
                batch.token[row] = token
                batch.pos[row] = position + at + row
                batch.seq_id[row][0] = sequence
                batch.logits[row] = row >= len(part) - outputs
            started = time.perf_counter()
            self._decode(len(part))
            pace.read(len(part), time.perf_counter() - started)
            self.evaluated += len(part)
            at, size = at + len(part), 2 * size

    def append(self, tokens: Sequence[Appended], abort: AbortFlag, guessed: int = 0) -> None:
        """Evaluate one token behind each of some sequences, all at once. Raises Aborted.

        The last `guessed` of them follow the first one in its sequence, and may be wrong.
        """
        abort.check()
        batch = self._batch
        for row, (token, position, sequence) in enumerate(tokens):
            batch.token[row] = token
            batch.pos[row] = position
            batch.seq_id[row][0] = sequence
            batch.logits[row] = 1
        started = time.perf_counter()
        self._decode(len(tokens))
        took_s = time.perf_counter() - started
        if len(tokens) == 1:
            self.pace.wrote(took_s)
        elif guessed:
            self.pace.guessed(took_s)
        self.appended += len(tokens) - guessed

    def _decode(self, rows: int) -> None:
        if (threads := self.threads) != self._threads:
            llama_cpp.llama_set_n_threads(self._context, threads, threads)
            self._threads = threads
        self._batch.n_tokens = rows
        code = llama_cpp.llama_decode(self._context, self._batch)
        # A card works on after that returns: a key could no longer interrupt what is queued, and
        # nobody would know how long a batch takes.
        llama_cpp.llama_synchronize(self._context)
        if code == _ABORTED:
            raise Aborted
        if code != 0:
            raise ModelUnusable(f"llama.cpp failed (code {code}) on {rows} tokens.")

    def evaluated_tokens(self, sequence: int) -> int:
        """Return how many tokens of `sequence` the KV cache holds."""
        return int(llama_cpp.llama_memory_seq_pos_max(self._memory, sequence)) + 1

    def forget_from(self, position: int, sequence: int) -> None:
        """Drop the tokens of `sequence` from `position` on from the KV cache."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, position, -1)

    def branch(self, source: int, target: int) -> None:
        """Make sequence `target` a copy of `source`; what they have in common is stored once."""
        self.forget_from(0, target)
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def save(self, sequence: int) -> State:
        """Return a copy of the memory of `sequence`."""
        size = llama_cpp.llama_state_seq_get_size(self._context, sequence)
        buffer: State = (ctypes.c_uint8 * size)()
        llama_cpp.llama_state_seq_get_data(self._context, buffer, size, sequence)
        return buffer

    def restore(self, sequence: int, state: State) -> bool:
        """Put back what `save` returned; where that fails the sequence is empty."""
        self.forget_from(0, sequence)
        size = len(state)
        return bool(llama_cpp.llama_state_seq_set_data(self._context, state, size, sequence))

    def logits(self, row: int) -> Logits:
        """Return the scores after a token of the last batch: a view, valid until the next one.

        `row` counts the tokens of the batch from 0, or those with scores from the end with -1.
        """
        pointer = llama_cpp.llama_get_logits_ith(self._context, row)
        # What `np.ctypeslib.as_array` does, which takes 90 us for it.
        scores = self._scores.from_address(ctypes.addressof(pointer.contents))
        return np.frombuffer(memoryview(scores), np.float32)


def batch_size(left: int, size: int, outputs: int) -> int:
    """Return how many of `left` tokens the next batch has, at most half as many again as `size`.

    If all that is left were read in batches of that size, they would be as few as they can be and
    about equal: a small rest would take nearly as long as a whole one. The last batch has all
    `outputs`.
    """
    most = min(size + size // 2, LARGEST_BATCH)
    if left <= most:
        return left
    equal = math.ceil(left / math.ceil(left / most))
    size = min(math.ceil(equal / ROWS) * ROWS, most)
    return size if left - size >= outputs else max(1, left - outputs)


def _new_context(llama: Llama, threads: int, tokens: int) -> Any:
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = tokens
    params.kv_unified = True
    # On processors it is slower the longer the context: behind 1,024 tokens, four are read in 28
    # instead of 45 ms and one is written in 16 instead of 20 (default model, 2 cores).
    params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.n_batch = params.n_ubatch = LARGEST_BATCH
    params.n_seq_max = BRANCHES + 1
    params.n_threads = params.n_threads_batch = threads
    params.no_perf = True
    context = llama_cpp.llama_init_from_model(llama.handle, params)
    if not context and llama.placement.layers:
        raise CardFailed(f"there is no memory for the context ({llama.placement})")
    if not context:
        raise ModelUnusable(
            f"There is not enough memory for {tokens} tokens of context; "
            "lower engine.contextTokens or choose a smaller model."
        )
    if llama.adapter:
        adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(llama.adapter)
        llama_cpp.llama_set_adapters_lora(context, adapters, 1, (ctypes.c_float * 1)(1.0))
    return context
