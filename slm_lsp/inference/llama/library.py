"""llama.cpp's model: weights and vocabulary, through its C interface.

The high-level class of llama-cpp-python is not used: it works in Python for every token and
compiles the chat template embedded in the model file, which is untrusted input.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import llama_cpp

from slm_lsp.errors import CardFailed, ModelUnusable
from slm_lsp.inference.gguf import reader
from slm_lsp.inference.llama import backends, offload
from slm_lsp.inference.llama.vocabulary import Vocabulary
from slm_lsp.platform import huge_pages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from slm_lsp.inference.llama.offload import Placement

BEFORE = "☺"
"""A text that no token joins with what follows it."""

SPECIAL = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED


def unheard(share: float) -> None:
    """Do nothing about the `share` of a model that was loaded."""


class Llama:
    """One loaded model; `LlamaContext` evaluates with it."""

    def __init__(
        self,
        path: Path,
        adapter: Path | None = None,
        *,
        gpu_layers: int = 0,
        tokens: int = 0,
        progress: Callable[[float], None] = unheard,
    ) -> None:
        """Load the weights at `path`, and an `adapter` to them.

        `gpu_layers` of them go onto graphics cards (see `offload`), beside a KV cache for `tokens`.
        `progress` hears, in this thread, of the share that was loaded (0 to 1).
        Raises CardFailed where those fail, and ModelUnusable.
        """
        header = reader.read(path)
        backends.silence()
        backends.load()
        # Without layers for them, cards are not even asked: their drivers reserve memory, too.
        devices = backends.devices() if gpu_layers else ()
        self.placement = offload.place(header, devices, gpu_layers, tokens)
        self.handle = _weights(path, self.placement, progress)
        if not self.handle and self.placement.layers:
            raise CardFailed(f"it could not be put there ({self.placement})")
        if not self.handle:
            raise ModelUnusable(
                f"llama.cpp cannot load {path.name}: it knows no such model, or the file lacks "
                "something. Fetch it again, or choose another model."
            )
        self.file = path.name
        if llama_cpp.llama_model_is_recurrent(self.handle) or llama_cpp.llama_model_is_hybrid(
            self.handle
        ):
            llama_cpp.llama_model_free(self.handle)
            raise ModelUnusable(
                f"{path.name} remembers all it has read as one state, of which no part can be "
                "taken back, as every key does. Choose a model that is a transformer throughout."
            )
        self.adapter = self._adapter(adapter) if adapter is not None else None
        """What each context of this model is to add to the weights; it lives as long as they do."""
        self._vocab = llama_cpp.llama_model_get_vocab(self.handle)
        self.vocabulary_size = int(llama_cpp.llama_vocab_n_tokens(self._vocab))
        self.trained_tokens = int(llama_cpp.llama_model_n_ctx_train(self.handle))
        """Tokens of context the model was trained for; 0 where the file does not say."""

    def _adapter(self, path: Path) -> Any:
        header = reader.read(path)
        kind = header.values.get("general.type"), header.values.get("adapter.type")
        found = None
        if kind == ("adapter", "lora"):
            found = llama_cpp.llama_adapter_lora_init(self.handle, str(path).encode())
        if not found:
            llama_cpp.llama_model_free(self.handle)
            raise ModelUnusable(
                f"{path.name} is no LoRA adapter for {self.file}: it has to be made from the same "
                "model. Name that one with --base."
            )
        return found

    def close(self) -> None:
        """Free the weights; the object cannot be used afterwards."""
        llama_cpp.llama_model_free(self.handle)

    @property
    def splits_words(self) -> bool:
        """Whether the tokenizer is a byte-level BPE, which cuts the text into words first."""
        return bool(llama_cpp.llama_vocab_type(self._vocab) == llama_cpp.LLAMA_VOCAB_TYPE_BPE)

    def tokenize(self, text: str) -> list[int]:
        """Tokenize plain text: nothing in it is taken for a special token."""
        return self._tokenized(text, special=False)

    def tokenize_behind(self, text: str) -> list[int]:
        """Tokenize plain text as it is, for a place behind other text.

        Some tokenizers put a blank before whatever they are given.
        """
        if self.splits_words:
            return self.tokenize(text)
        return self.tokenize(BEFORE + text)[len(self.tokenize(BEFORE)) :]

    def tokenize_turn(self, text: str) -> list[int]:
        """Tokenize plain text behind a special token, where a blank is not put before another."""
        return self.tokenize_behind(text) if text.startswith(" ") else self.tokenize(text)

    def token(self, name: str) -> int | None:
        """Return the special token called `name`, or None."""
        found = self._tokenized(name, special=True)
        if len(found) != 1 or not llama_cpp.llama_vocab_get_attr(self._vocab, found[0]) & SPECIAL:
            return None
        text: bytes = llama_cpp.llama_vocab_get_text(self._vocab, found[0])
        return found[0] if text == name.encode() else None

    def _tokenized(self, text: str, *, special: bool) -> list[int]:
        raw = text.encode()
        tokens = (llama_cpp.llama_token * (len(raw) + 1))()
        count = llama_cpp.llama_tokenize(
            self._vocab, raw, len(raw), tokens, len(tokens), False, special
        )
        return list(tokens[:count])

    def is_end(self, token: int) -> bool:
        """Tell whether `token` ends a generation."""
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def start_token(self) -> int:
        """Return the token a text starts with: the model's own, or the one that ends the last."""
        begin = int(llama_cpp.llama_vocab_bos(self._vocab))
        return begin if begin >= 0 else int(llama_cpp.llama_vocab_eos(self._vocab))

    def end_token(self) -> int:
        """Return the token that ends a text."""
        return int(llama_cpp.llama_vocab_eos(self._vocab))

    def starts_with_token(self) -> bool:
        """Tell whether the model was trained with its start token before every text."""
        return bool(llama_cpp.llama_vocab_get_add_bos(self._vocab))

    def fim_tokens(self) -> dict[str, int]:
        """Return the tokens `pre`, `suf`, `mid`, `rep` and `sep`, as far as they are known.

        Those that the file's metadata names, or else those with one of the usual names.
        """
        ids = {
            "pre": llama_cpp.llama_vocab_fim_pre(self._vocab),
            "suf": llama_cpp.llama_vocab_fim_suf(self._vocab),
            "mid": llama_cpp.llama_vocab_fim_mid(self._vocab),
            "rep": llama_cpp.llama_vocab_fim_rep(self._vocab),
            "sep": llama_cpp.llama_vocab_fim_sep(self._vocab),
        }
        return {name: int(token) for name, token in ids.items() if token >= 0}

    def metadata(self, key: str) -> str:
        """Return a value out of the file's metadata, empty where it has none."""
        length = 0
        while True:  # the first round only tells how long it is
            buffer = ctypes.create_string_buffer(length + 1)
            whole = llama_cpp.llama_model_meta_val_str(
                self.handle, key.encode(), buffer, len(buffer)
            )
            if whole <= length:
                return buffer.value.decode("utf-8", "replace")
            length = whole

    def vocabulary(self) -> Vocabulary:
        """Read the bytes of every token; control tokens come out empty."""
        buffer = ctypes.create_string_buffer(1024)
        pieces = []
        for token in range(self.vocabulary_size):
            length = llama_cpp.llama_token_to_piece(
                self._vocab, token, buffer, len(buffer), 0, False
            )
            pieces.append(buffer.raw[: max(length, 0)])
        return Vocabulary(pieces)


def _weights(path: Path, placement: Placement, progress: Callable[[float], None]) -> Any:
    """Load them where `placement` says; None where that fails."""
    params = llama_cpp.llama_model_default_params()

    def report(share: float, _: object) -> bool:
        progress(share)
        return True  # False would end the load

    params.progress_callback = llama_cpp.llama_progress_callback(report)
    params.n_gpu_layers = placement.layers
    # There is no switch for AMX alone; weights that are stored in another order go with it.
    params.use_extra_bufts = not backends.tile_defect()
    if not placement.layers and huge_pages.worthwhile(path.stat().st_size):
        params.load_mode = llama_cpp.LLAMA_LOAD_MODE_NONE
    # An empty list, where the default is all cards: those would compute large batches even for
    # weights that they do not have.
    cards = backends.handles(placement.cards)
    params.devices = ctypes.cast(cards, ctypes.c_void_p)
    shares = (ctypes.c_float * llama_cpp.llama_max_devices())(*placement.shares)
    params.tensor_split = shares
    return llama_cpp.llama_model_load_from_file(str(path).encode(), params)
