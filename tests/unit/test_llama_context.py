"""How a prompt is divided into batches."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.inference.llama.context import LARGEST_BATCH, batch_size


def batches(tokens: int, size: int, outputs: int) -> list[int]:
    parts: list[int] = []
    while (left := tokens - sum(parts)) > 0:
        parts.append(batch_size(left, size, outputs))
        size *= 2
    return parts


@given(st.integers(1, 2000), st.integers(32, 400), st.integers(1, 16))
def test_all_is_read_and_the_last_batch_has_all_outputs(tokens: int, size: int, outputs: int):
    parts = batches(tokens, size, outputs)
    assert sum(parts) == tokens
    assert all(0 < part <= LARGEST_BATCH for part in parts)
    assert parts[-1] >= min(outputs, tokens)


@given(st.integers(1, 2000), st.integers(32, 400))
def test_a_batch_is_at_most_about_twice_the_one_before(tokens: int, size: int):
    parts = batches(tokens, size, 1)
    assert parts[0] <= size * 1.5
    assert all(after <= 3 * before for before, after in pairwise(parts))


def test_a_small_rest_goes_along():
    assert batches(120, 80, 1) == [120]
    assert batches(121, 80, 1) == [64, 57]
    assert batches(300, LARGEST_BATCH, 1) == [160, 140]
    assert batches(512, 198, 1) == [256, 256]
