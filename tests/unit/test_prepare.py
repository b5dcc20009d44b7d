"""Preparing a model's file: the cut vocabulary writes any text, and no weight changes its value."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import gguf
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slm_lsp.errors import ModelUnusable
from slm_lsp.models.preparation.prepare import Q5_0, Q8_0, needed_tokens, prepare, widened
from slm_lsp.models.preparation.vocabulary import (
    MERGES,
    TOKENS,
    TYPES,
    cut,
)

if TYPE_CHECKING:
    from pathlib import Path

ALPHABET = "abcdefgh"
END = "<|end|>"


def vocabulary(merges: list[str]) -> dict[str, Any]:
    """Return the metadata of a vocabulary of single letters, what `merges` make, and an end."""
    made = [merge.replace(" ", "", 1) for merge in merges]
    tokens = [*ALPHABET, *dict.fromkeys(made), END]
    return {
        "tokenizer.ggml.model": "gpt2",
        TOKENS: tokens,
        TYPES: [1] * (len(tokens) - 1) + [3],
        MERGES: merges,
        "tokenizer.ggml.eos_token_id": len(tokens) - 1,
    }


def encoded(text: str, values: dict[str, Any]) -> list[str]:
    """Return the tokens of `text` by the definition of BPE: the first merge that fits, again."""
    rank = {merge: at for at, merge in enumerate(values[MERGES])}
    parts = list(text)
    while True:
        found = [
            (rank[f"{a} {b}"], at)
            for at, (a, b) in enumerate(itertools.pairwise(parts))
            if f"{a} {b}" in rank
        ]
        if not found:
            return parts
        _, at = min(found)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]


@st.composite
def vocabularies(draw: st.DrawFn) -> dict[str, Any]:
    known, merges = list(ALPHABET), []
    for _ in range(draw(st.integers(1, 25))):
        first, second = draw(st.sampled_from(known)), draw(st.sampled_from(known))
        if first + second not in known:  # training makes each token once
            merges.append(f"{first} {second}")
            known.append(first + second)
    return vocabulary(merges)


@given(vocabularies(), st.data())
def test_a_cut_vocabulary_writes_every_text(values: dict[str, Any], data: st.DataObject):
    needed = data.draw(st.sets(st.sampled_from(values[TOKENS])))
    try:
        smaller = cut(values, needed)
    except ModelUnusable:
        return  # hardly any could go
    after = values | smaller.metadata(values)
    assert set(after[TOKENS]) >= {*ALPHABET, END, *needed}
    assert after[TOKENS][after["tokenizer.ggml.eos_token_id"]] == END
    for merge in after[MERGES]:
        assert {*merge.split(), merge.replace(" ", "", 1)} <= set(after[TOKENS])
    text = data.draw(st.text(ALPHABET, max_size=40))
    tokens = encoded(text, after)
    assert "".join(tokens) == text
    assert set(tokens) <= set(after[TOKENS])
    for token in after[TOKENS][:-1]:  # what was written as one token still is
        assert encoded(token, after) == [token] or encoded(token, values) != [token]


def test_what_a_needed_token_is_merged_from_stays():
    values = vocabulary(["a b", "ab c", "d e", "de f", "g h", "e f", "h a", "b a", "c a"])
    smaller = cut(values, {"abc"})
    kept = [values[TOKENS][at] for at in smaller.kept]
    assert kept == [*ALPHABET, "ab", "abc", END]
    assert smaller.merges == ("a b", "ab c")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"tokenizer.ggml.model": "llama", MERGES: ["a b"]}, "byte-level BPE"),
        ({"tokenizer.ggml.model": "gpt2", MERGES: []}, "byte-level BPE"),
        ({}, "byte-level BPE"),
    ],
)
def test_other_vocabularies_are_refused(values: dict[str, Any], reason: str):
    with pytest.raises(ModelUnusable, match=reason):
        cut(values, ())


def test_a_vocabulary_that_would_hardly_shrink_is_refused():
    values = vocabulary(["a b"])
    with pytest.raises(ModelUnusable, match="hardly larger than code needs: 10 of 10"):
        cut(values, {"ab"})


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=30)
def test_widened_weights_stand_for_the_same_numbers(seed: int, rows: int, blocks: int):
    numbers = np.random.default_rng(seed).normal(size=(rows, 32 * blocks)).astype(np.float32)
    five = gguf.quantize(numbers, Q5_0)
    eight = widened(five)
    assert eight.shape == gguf.quantize(numbers, Q8_0).shape
    before, after = gguf.dequantize(five, Q5_0), gguf.dequantize(eight, Q8_0)
    assert np.array_equal(before, after)


@pytest.fixture
def few_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "slm_lsp.models.preparation.prepare.needed_tokens", lambda: frozenset({"ab", "ha"})
    )


def write(path: Path, *, tied: bool = False) -> gguf.GGUFReader:
    """Write a file with the tensors that matter; return a reader of it."""
    merges = [f"{a} {b}" for a in ALPHABET for b in ALPHABET]
    values = vocabulary(merges)
    count = len(values[TOKENS])
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(values[TOKENS])
    writer.add_token_types(values[TYPES])
    writer.add_token_merges(merges)
    writer.add_eos_token_id(values["tokenizer.ggml.eos_token_id"])
    rng = np.random.default_rng(1)
    for name, kind in {
        "token_embd.weight": Q5_0,
        "output.weight": Q8_0,
        "blk.0.ffn_up.weight": Q5_0,
        "blk.0.attn_v.weight": Q8_0,
    }.items():
        if tied and name == "output.weight":
            continue
        rows = count if name in ("token_embd.weight", "output.weight") else 8
        data = gguf.quantize(rng.normal(size=(rows, 64)).astype(np.float32), kind)
        writer.add_tensor(name, data, raw_dtype=kind)
    writer.add_tensor("output_norm.weight", rng.normal(size=64).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return gguf.GGUFReader(str(path))


@pytest.mark.parametrize("tied", [False, True])
def test_the_prepared_file_has_the_same_numbers_in_the_rows_that_stay(
    tmp_path: Path, tied: bool, few_are_needed: None
):
    before = write(tmp_path / "source.gguf", tied=tied)
    prepare(tmp_path / "source.gguf", tmp_path / "target.gguf")
    after = gguf.GGUFReader(str(tmp_path / "target.gguf"))
    tokens = before.fields[TOKENS].contents()
    kept = [tokens.index(text) for text in after.fields[TOKENS].contents()]
    assert len(kept) < len(tokens)
    assert tokens[-1] == END == after.fields[TOKENS].contents()[-1]
    assert after.fields["tokenizer.ggml.eos_token_id"].contents() == len(kept) - 1
    found = {tensor.name: tensor for tensor in after.tensors}
    assert found.keys() == {tensor.name for tensor in before.tensors}
    for tensor in before.tensors:
        there = found[tensor.name]
        rows = kept if tensor.name in ("token_embd.weight", "output.weight") else slice(None)
        expected = gguf.dequantize(tensor.data[rows], tensor.tensor_type)
        assert np.array_equal(gguf.dequantize(there.data, there.tensor_type), expected)
    assert found["blk.0.ffn_up.weight"].tensor_type == Q8_0
    assert found["token_embd.weight"].tensor_type == (Q8_0 if tied else Q5_0)


def test_the_same_source_gives_the_same_bytes(tmp_path: Path, few_are_needed: None):
    write(tmp_path / "source.gguf")
    made = []
    for name in ("one", "two"):
        prepare(tmp_path / "source.gguf", tmp_path / name)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]


def test_the_list_of_tokens_has_what_every_language_writes():
    needed = needed_tokens()
    assert 30_000 < len(needed) < 60_000
    assert needed >= {"def", "Ġreturn", "function", "ĠĠĠĠ", "Ċ", "Ġconst", "fn", "Ġself", "();Ċ"}
