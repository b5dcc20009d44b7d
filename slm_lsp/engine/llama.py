"""llama.cpp through its C interface: load, tokenize, evaluate, read logits. Nothing else.

The high-level class of llama-cpp-python is not used: it works in Python for every token and
compiles the chat template embedded in the model file, which is untrusted input.
"""

from __future__ import annotations

import ctypes
import functools
from typing import TYPE_CHECKING, Any

import llama_cpp
import numpy as np

from slm_lsp.engine.model import Aborted
from slm_lsp.engine.vocabulary import Vocabulary
from slm_lsp.errors import ModelUnusable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from slm_lsp.engine.model import AbortFlag
    from slm_lsp.engine.sampling import Logits

FIRST_BATCH = 16
"""Tokens of the first batch of a prompt. An abort loses the batch it falls into; each is twice the
one before, so what is lost is never much more than what was kept, and somebody who types faster
than a prompt can be read still finds more of it in the cache at every key."""

SEQUENCES = 5
"""Token sequences kept side by side: a whole prompt, the end of one, and branches of an answer."""

SHARES = 2
"""The cache has room for so many whole contexts; all sequences together have to fit."""

LARGEST_BATCH = 128
"""Tokens computed at once at the most: 512 would be a tenth faster and lose four times as much."""

Appended = tuple[int, int, int]
"""A token, its position and its sequence."""

_ABORTED = 2
"""What `llama_decode` returns when the abort callback stopped it (llama.h)."""


class Llama:
    """One model with one context, which holds `SEQUENCES` sequences of tokens.

    They share one memory (`kv_unified`), so a branch costs only the tokens of its own.
    """

    def __init__(self, path: Path, *, threads: int, context_tokens: int, abort: AbortFlag) -> None:
        """Load the weights at `path`. Raises ModelUnusable.

        `context_tokens` is clamped to what the model was trained for. `abort` stops evaluations
        for as long as it is set.
        """
        _silence()
        llama_cpp.llama_backend_init()
        params = llama_cpp.llama_model_default_params()
        params.n_gpu_layers = 0
        self._model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
        if not self._model:
            raise ModelUnusable(
                f"llama.cpp cannot load {path.name}: the file is not a usable GGUF."
            )
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self.context_tokens = min(
            context_tokens, llama_cpp.llama_model_n_ctx_train(self._model) or context_tokens
        )
        self._context = self._new_context(threads)
        self._install_abort(abort)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._batch = llama_cpp.llama_batch_init(LARGEST_BATCH, 0, 1)
        for at in range(LARGEST_BATCH):
            self._batch.n_seq_id[at] = 1
        self.evaluated = 0  # tokens, since the model was loaded
        self._size = llama_cpp.llama_vocab_n_tokens(self._vocab)

    def _new_context(self, threads: int) -> Any:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = self.context_tokens * SHARES
        params.kv_unified = True
        # On processors it is slower the longer the context: at 1,024 tokens by a fifth in writing
        # and by a quarter in reading 64 tokens (default model, llama-bench).
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.n_batch = params.n_ubatch = LARGEST_BATCH
        params.n_seq_max = SEQUENCES
        params.n_threads = params.n_threads_batch = threads
        params.no_perf = True
        context = llama_cpp.llama_init_from_model(self._model, params)
        if not context:
            raise ModelUnusable(
                f"There is not enough memory for {self.context_tokens} tokens of context; "
                "lower context.prefixTokens or choose a smaller model."
            )
        return context

    def _install_abort(self, abort: AbortFlag) -> None:
        # llama.cpp asks "stop?" by calling a C function with a pointer. libc's strlen answers 0 on
        # an empty string and not 0 on any other, so one byte of shared memory stops a decode
        # without taking the interpreter's lock, which a Python callback would wait for.
        self._abort = abort  # keeps the byte alive as long as the context that reads it
        strlen = ctypes.cast(ctypes.CDLL(None).strlen, llama_cpp.ggml_abort_callback)
        llama_cpp.llama_set_abort_callback(self._context, strlen, ctypes.c_void_p(abort.address))

    def close(self) -> None:
        """Free context and weights; the object cannot be used afterwards."""
        llama_cpp.llama_batch_free(self._batch)
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    def tokenize(self, text: str) -> list[int]:
        """Tokenize plain text: nothing in it is taken for a special token."""
        raw = text.encode()
        tokens = (llama_cpp.llama_token * (len(raw) + 1))()
        count = llama_cpp.llama_tokenize(
            self._vocab, raw, len(raw), tokens, len(tokens), False, False
        )
        return list(tokens[:count])

    def evaluate(
        self, tokens: Sequence[int], *, position: int, sequence: int, abort: AbortFlag
    ) -> None:
        """Evaluate `tokens` of `sequence` from `position` on.

        Raises Aborted; finished batches stay.
        """
        batch = self._batch
        at, size = 0, FIRST_BATCH
        while at < len(tokens):
            abort.check()
            part = tokens[at : at + size]
            for row, token in enumerate(part):
                batch.token[row] = token
                batch.pos[row] = position + at + row
                batch.seq_id[row][0] = sequence
                batch.logits[row] = 0
            batch.logits[len(part) - 1] = 1
            self._decode(len(part))
            self.evaluated += len(part)
            at, size = at + size, min(2 * size, LARGEST_BATCH)

    def append(self, tokens: Sequence[Appended], abort: AbortFlag) -> None:
        """Evaluate one token behind each of some sequences, all at once. Raises Aborted."""
        abort.check()
        batch = self._batch
        for row, (token, position, sequence) in enumerate(tokens):
            batch.token[row] = token
            batch.pos[row] = position
            batch.seq_id[row][0] = sequence
            batch.logits[row] = 1
        self._decode(len(tokens))

    def _decode(self, rows: int) -> None:
        self._batch.n_tokens = rows
        code = llama_cpp.llama_decode(self._context, self._batch)
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

    def save(self, sequence: int) -> bytes:
        """Return a copy of the memory of `sequence`."""
        size = llama_cpp.llama_state_seq_get_size(self._context, sequence)
        buffer = (ctypes.c_uint8 * size)()
        llama_cpp.llama_state_seq_get_data(self._context, buffer, size, sequence)
        return bytes(buffer)

    def restore(self, sequence: int, state: bytes) -> bool:
        """Put back what `save` returned; where that fails the sequence is empty."""
        self.forget_from(0, sequence)
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        size = len(state)
        return bool(llama_cpp.llama_state_seq_set_data(self._context, buffer, size, sequence))

    def logits(self, row: int = -1) -> Logits:
        """Return the scores after a token of the last batch: a view, valid until the next one."""
        pointer = llama_cpp.llama_get_logits_ith(self._context, row)
        return np.ctypeslib.as_array(pointer, shape=(self._size,))

    def is_end(self, token: int) -> bool:
        """Tell whether `token` ends a generation."""
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def start_token(self) -> int:
        """Return the token a text starts with: the model's own, or the one that ends the last."""
        begin = int(llama_cpp.llama_vocab_bos(self._vocab))
        return begin if begin >= 0 else int(llama_cpp.llama_vocab_eos(self._vocab))

    def starts_with_token(self) -> bool:
        """Tell whether the model was trained with its start token before every text."""
        return bool(llama_cpp.llama_vocab_get_add_bos(self._vocab))

    def fim_tokens(self) -> tuple[int, int, int] | None:
        """Return the ids before prefix, suffix and middle named in the file, or None."""
        ids = (
            llama_cpp.llama_vocab_fim_pre(self._vocab),
            llama_cpp.llama_vocab_fim_suf(self._vocab),
            llama_cpp.llama_vocab_fim_mid(self._vocab),
        )
        return ids if min(ids) >= 0 else None

    def metadata(self, key: str) -> str:
        """Return a value out of the file's metadata, empty where it has none."""
        buffer = ctypes.create_string_buffer(64)
        length = llama_cpp.llama_model_meta_val_str(self._model, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if length > 0 else ""

    def vocabulary(self) -> Vocabulary:
        """Read the bytes of every token; control tokens come out empty."""
        buffer = ctypes.create_string_buffer(1024)
        pieces = []
        for token in range(self._size):
            length = llama_cpp.llama_token_to_piece(
                self._vocab, token, buffer, len(buffer), 0, False
            )
            pieces.append(buffer.raw[: max(length, 0)])
        return Vocabulary(pieces)


@functools.cache
def _silence() -> None:
    """Keep llama.cpp from writing to stderr, once; its log would repeat parts of prompts."""
    llama_cpp.llama_log_set(_discard, ctypes.c_void_p(0))


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]  # a ctypes function type
def _discard(_level: int, _text: bytes, _data: ctypes.c_void_p) -> None:
    pass
