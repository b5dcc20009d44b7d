"""A model of random weights that takes as long as a part of a real one.

How fast a machine writes is so known before hundreds of megabytes are fetched. It has the shapes of
Qwen2.5-Coder-0.5B, fewer layers and a smaller vocabulary, and its weights are Q8_0. The store runs
this as a process of its own:

    python -m slm_lsp.models.preparation.synthetic TARGET
"""

from __future__ import annotations

import sys
from pathlib import Path

import gguf
import numpy as np

from slm_lsp.platform import sandbox

WIDTH, HIDDEN, HEADS, SHARED_HEADS, LAYERS, VOCABULARY = 896, 4864, 14, 2, 12, 16_000

_BLOCK = 34
"""Bytes of 32 weights in Q8_0: the scale, and one byte for each."""


def write(target: Path) -> None:
    """Write the model to `target`: 220 MB."""
    writer = gguf.GGUFWriter(target, "qwen2")
    writer.add_block_count(LAYERS)
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(SHARED_HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e6)
    writer.add_vocab_size(VOCABULARY)
    writer.add_tokenizer_model("no_vocab")
    small = WIDTH // HEADS * SHARED_HEADS
    _add(writer, "token_embd", VOCABULARY, WIDTH)
    _add(writer, "output", VOCABULARY, WIDTH)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    for layer in range(LAYERS):
        name = f"blk.{layer}"
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{name}.{norm}.weight", np.ones(WIDTH, np.float32))
        for part, rows in (("q", WIDTH), ("k", small), ("v", small)):
            _add(writer, f"{name}.attn_{part}", rows, WIDTH)
            writer.add_tensor(f"{name}.attn_{part}.bias", np.zeros(rows, np.float32))
        _add(writer, f"{name}.attn_output", WIDTH, WIDTH)
        _add(writer, f"{name}.ffn_gate", HIDDEN, WIDTH)
        _add(writer, f"{name}.ffn_up", HIDDEN, WIDTH)
        _add(writer, f"{name}.ffn_down", WIDTH, HIDDEN)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add(writer: gguf.GGUFWriter, name: str, rows: int, columns: int) -> None:
    """Add a matrix of random numbers that are small enough for sums of them to stay finite."""
    numbers = np.random.default_rng(rows + columns).integers(
        0, 256, (rows, columns // 32, _BLOCK), dtype=np.uint8
    )
    numbers[:, :, :2] = np.array([1e-4], np.float16).view(np.uint8)
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor(f"{name}.weight", numbers.reshape(rows, -1), raw_dtype=kind)


def main(arguments: list[str]) -> int:
    """Write the model."""
    sandbox.give_up()
    write(Path(arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
