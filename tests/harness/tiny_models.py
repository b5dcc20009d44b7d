"""Tiny models: the real architecture and special tokens of a family, random weights, a few KB.

Their weights are random but for one thing: each of them answers `ok` to whatever it is asked and
then ends, so that a test can tell an answer from noise. Those whose embedding is their output, too,
go on with `o`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gguf
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WIDTH, HIDDEN, HEADS, KV_HEADS, HEAD, EXPERTS = 64, 64, 4, 2, 16, 4
CONV, RANK, STATE = 4, 4, 8
CONTEXT = 2048
LAYERS = 2

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Tiny:
    """What a family's files have in them.

    `special` are its special tokens, `start` and `end` those of texts, of which `adds_start` says
    whether the tokenizer puts the first before every text. `pre` is the kind of a byte-level BPE;
    without one the tokenizer is SentencePiece's, which `blank_first` tells to begin with a blank.
    `kind` is what the file says of its special tokens but for the two of texts.
    """

    architecture: str
    name: str
    special: tuple[str, ...]
    start: str
    end: str
    pre: str = ""
    adds_start: bool = False
    blank_first: bool = True
    kind: gguf.TokenType = gguf.TokenType.CONTROL
    metadata: dict[str, Any] = field(default_factory=dict)
    template: str = ""

    @property
    def ties_output(self) -> bool:
        """Whether the embedding is the output, too."""
        return self.architecture == "gemma"

    def vocabulary(self) -> list[tuple[str, gguf.TokenType]]:
        """Return the tokens: bytes and characters, then the special ones."""
        control = gguf.TokenType.CONTROL
        ends = (self.start, self.end)
        special = [(name, control if name in ends else self.kind) for name in self.special]
        if self.pre:
            return [(letter, gguf.TokenType.NORMAL) for letter in byte_letters()] + special
        raw = [(f"<0x{byte:02X}>", gguf.TokenType.BYTE) for byte in range(256)]
        letters = [(chr(code), gguf.TokenType.NORMAL) for code in range(33, 127)]
        unknown = ("<unk>", gguf.TokenType.UNKNOWN)
        return [unknown, *raw, ("▁", gguf.TokenType.NORMAL), *letters, *special]

    def token(self, name: str) -> int:
        """Return the number of the token called `name`."""
        return [text for text, _ in self.vocabulary()].index(name)

    def tokens(self, *parts: str) -> list[int]:
        """Return the tokens of `parts`: special ones by their names, and plain texts.

        A blank that the tokenizer adds stands there as `▁`.
        """
        found: list[int] = []
        for part in parts:
            found += [self.token(part)] if part in self.special else self._plain(part)
        return found

    def _plain(self, text: str) -> list[int]:
        if self.pre:
            return list(text.encode())
        known = {name: number for number, (name, _) in enumerate(self.vocabulary())}
        byte = self.token("<0x00>")
        return [
            number
            for letter in text.replace(" ", "▁")
            for number in (
                [known[letter]] if letter in known else [byte + it for it in letter.encode()]
            )
        ]


def byte_letters() -> list[str]:
    """Return the letters that byte-level BPE writes for the bytes from 0 to 255."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = itertools.count(256)
    return [chr(byte if byte in shown else next(others)) for byte in range(256)]


def write(path: Path, tiny: Tiny, **values: Any) -> None:
    """Write the model `tiny` to `path`, with further `values` in its metadata."""
    writer = gguf.GGUFWriter(path, tiny.architecture)
    vocabulary = tiny.vocabulary()
    writer.add_name(tiny.name)
    _add_sizes(writer, tiny.architecture)
    _add_tokenizer(writer, tiny, vocabulary)
    for key, value in {**tiny.metadata, **values}.items():
        add = writer.add_uint32 if isinstance(value, int) else writer.add_float32
        if isinstance(value, str):
            writer.add_string(key, value)
        else:
            add(key, value)
    for name, weights in _weights(tiny, len(vocabulary)):
        writer.add_tensor(name, weights.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_sizes(writer: gguf.GGUFWriter, architecture: str) -> None:
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(1 if architecture == "starcoder" else KV_HEADS)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_layer_norm_eps(1e-5)
    writer.add_rope_dimension_count(HEAD // 4 if architecture == "stablelm" else HEAD)


def _add_tokenizer(
    writer: gguf.GGUFWriter, tiny: Tiny, vocabulary: list[tuple[str, gguf.TokenType]]
) -> None:
    writer.add_tokenizer_model("gpt2" if tiny.pre else "llama")
    if tiny.pre:
        writer.add_tokenizer_pre(tiny.pre)
        writer.add_token_merges(["ÿ þ"])  # there has to be one, and this one makes no token
    writer.add_token_list([name for name, _ in vocabulary])
    writer.add_token_types([int(kind) for _, kind in vocabulary])
    if not tiny.pre:
        writer.add_token_scores([-float(number) for number in range(len(vocabulary))])
        writer.add_add_space_prefix(tiny.blank_first)
    writer.add_bos_token_id(tiny.token(tiny.start))
    writer.add_eos_token_id(tiny.token(tiny.end))
    writer.add_add_bos_token(tiny.adds_start)
    if tiny.template:
        writer.add_chat_template(tiny.template)


def _weights(tiny: Tiny, size: int) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    rng = np.random.default_rng(7)
    embedding, output = _answering(tiny, size, rng)
    yield "token_embd.weight", embedding
    if not tiny.ties_output:
        yield "output.weight", output
    for name, shape in _shapes(tiny.architecture).items():
        if name.endswith("norm.weight"):
            yield name, np.ones(shape)
        else:
            yield name, rng.normal(0, 0.02, shape)


def _answering(
    tiny: Tiny, size: int, rng: np.random.Generator
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return an embedding and an output: behind `o` comes `k`, then the end; else `o`."""
    marks = np.array([[(-1) ** (at >> bit) for at in range(WIDTH)] for bit in range(3)])
    anything, after_o, after_k = marks
    o, k, end = *tiny.tokens("o"), *tiny.tokens("k"), tiny.token(tiny.end)
    embedding = anything + rng.normal(0, 0.1, (size, WIDTH))
    output = rng.normal(0, 0.1, (size, WIDTH))
    if tiny.ties_output:
        embedding[o] *= 4
        return embedding, output
    embedding[[o, k]] += [after_o - anything, after_k - anything]
    output[[o, k, end]] += [anything, after_o, after_k]
    return embedding, output


def _shapes(architecture: str) -> Shapes:
    found: Shapes = {"output_norm.weight": (WIDTH,)}
    if architecture in _BIASED:
        found["output_norm.bias"] = (WIDTH,)
    if architecture == "starcoder":
        found["position_embd.weight"] = (CONTEXT, WIDTH)
    for layer in range(LAYERS):
        block = _BLOCKS.get(architecture, _BLOCKS["llama"])
        found |= {f"blk.{layer}.{name}": shape for name, shape in block.items()}
    return found


_BIASED = ("starcoder", "starcoder2", "stablelm")
_KV = KV_HEADS * HEAD
_ATTENTION: Shapes = {
    "attn_norm.weight": (WIDTH,),
    "attn_q.weight": (WIDTH, WIDTH),
    "attn_k.weight": (_KV, WIDTH),
    "attn_v.weight": (_KV, WIDTH),
    "attn_output.weight": (WIDTH, WIDTH),
    "ffn_norm.weight": (WIDTH,),
}
_GATED: Shapes = {
    "ffn_gate.weight": (HIDDEN, WIDTH),
    "ffn_up.weight": (HIDDEN, WIDTH),
    "ffn_down.weight": (WIDTH, HIDDEN),
}
_PLAIN: Shapes = {name: shape for name, shape in _GATED.items() if name != "ffn_gate.weight"}
_NORM_BIASES: Shapes = {"attn_norm.bias": (WIDTH,), "ffn_norm.bias": (WIDTH,)}
_FEED_BIASES: Shapes = {"ffn_up.bias": (HIDDEN,), "ffn_down.bias": (WIDTH,)}
_QKV_BIASES: Shapes = {"attn_q.bias": (WIDTH,), "attn_k.bias": (_KV,), "attn_v.bias": (_KV,)}
_BLOCKS: dict[str, Shapes] = {
    "llama": _ATTENTION | _GATED,
    "qwen2": _ATTENTION | _GATED | _QKV_BIASES,
    "qwen3moe": _ATTENTION
    | {
        "attn_q_norm.weight": (HEAD,),
        "attn_k_norm.weight": (HEAD,),
        "ffn_gate_inp.weight": (EXPERTS, WIDTH),
        "ffn_gate_exps.weight": (EXPERTS, HIDDEN, WIDTH),
        "ffn_up_exps.weight": (EXPERTS, HIDDEN, WIDTH),
        "ffn_down_exps.weight": (EXPERTS, WIDTH, HIDDEN),
    },
    "starcoder": {
        "attn_norm.weight": (WIDTH,),
        "attn_qkv.weight": (WIDTH + 2 * HEAD, WIDTH),
        "attn_qkv.bias": (WIDTH + 2 * HEAD,),
        "attn_output.weight": (WIDTH, WIDTH),
        "attn_output.bias": (WIDTH,),
        "ffn_norm.weight": (WIDTH,),
    }
    | _PLAIN
    | _NORM_BIASES
    | _FEED_BIASES,
    "starcoder2": _ATTENTION
    | _PLAIN
    | _NORM_BIASES
    | _FEED_BIASES
    | _QKV_BIASES
    | {"attn_output.bias": (WIDTH,)},
    "stablelm": _ATTENTION | _GATED | _NORM_BIASES,
    "mamba": {
        "attn_norm.weight": (WIDTH,),
        "ssm_in.weight": (4 * WIDTH, WIDTH),
        "ssm_conv1d.weight": (2 * WIDTH, CONV),
        "ssm_conv1d.bias": (2 * WIDTH,),
        "ssm_x.weight": (RANK + 2 * STATE, 2 * WIDTH),
        "ssm_dt.weight": (2 * WIDTH, RANK),
        "ssm_dt.bias": (2 * WIDTH,),
        "ssm_a": (2 * WIDTH, STATE),
        "ssm_d": (2 * WIDTH,),
        "ssm_out.weight": (WIDTH, 2 * WIDTH),
    },
    "phi3": {
        "attn_norm.weight": (WIDTH,),
        "attn_qkv.weight": (WIDTH + 2 * _KV, WIDTH),
        "attn_output.weight": (WIDTH, WIDTH),
        "ffn_norm.weight": (WIDTH,),
        "ffn_up.weight": (2 * HIDDEN, WIDTH),
        "ffn_down.weight": (WIDTH, HIDDEN),
    },
}
