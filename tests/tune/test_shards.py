"""Shards: what goes in comes out, in files that can be carried."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from slm_lsp.errors import TuneRefused
from slm_lsp.training.data import shards
from slm_lsp.training.data.packing import HELD, Packer, mixed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path


def packed(
    examples: Iterable[Sequence[int]], row: int, *, wide: bool = False
) -> Iterator[shards.Rows]:
    """Yield rows of `examples`, of which each is of a source of its own."""
    packer = Packer(row, wide=wide)
    for number, example in enumerate(examples):
        yield from packer.add(example, str(number))
    yield from packer.rest()


def tokens_of(row: np.ndarray) -> list[int]:
    return [int(it) for it in row if it != shards.nothing(row.dtype)]


@pytest.mark.parametrize("wide", [False, True])
def test_examples_come_back_whole(tmp_path: Path, wide: bool):
    rng = np.random.default_rng(0)
    most = 150_000 if wide else 65_000
    examples = [rng.integers(0, most, rng.integers(1, 60)).tolist() for _ in range(500)]
    writer = shards.Writer(tmp_path, 64, wide=wide)
    for row in packed(examples, 64, wide=wide):
        writer.add(row)
    index = writer.close(end=0, end_weight=1.0, new={})
    found, rows = shards.read(tmp_path)
    assert found == index
    assert rows.dtype == (np.uint32 if wide else np.uint16)
    assert index.tokens == sum(map(len, examples)) == sum(len(tokens_of(row)) for row in rows)
    flat = ["," + ",".join(map(str, tokens_of(row))) + "," for row in rows]
    assert all(any("," + ",".join(map(str, it)) + "," in row for row in flat) for it in examples)


def test_rows_are_nearly_full():
    rng = np.random.default_rng(1)
    examples = [[1] * int(rng.integers(1, 400)) for _ in range(3000)]
    rows = list(packed(examples, 512))
    assert sum(map(len, examples)) / (len(rows) * 512) > 0.95


def test_files_stay_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shards, "MAX_BYTES", 9_000_000)
    rng = np.random.default_rng(2)
    writer = shards.Writer(tmp_path, 4096, wide=False)
    for _ in range(900):
        writer.add(rng.integers(0, 60_000, 4096).astype(np.uint16))
    index = writer.close(end=0, end_weight=1.0, new={})
    assert len(index.shards) > 1
    assert all((tmp_path / it.file).stat().st_size <= 9_000_000 for it in index.shards)
    assert len(shards.read(tmp_path)[1]) == 900


def test_a_damaged_shard_is_refused(tmp_path: Path):
    writer = shards.Writer(tmp_path, 4, wide=False)
    writer.add(np.arange(4, dtype=np.uint16))
    writer.close(end=0, end_weight=1.0, new={})
    (tmp_path / "0000.xz").write_bytes(b"else")
    with pytest.raises(TuneRefused, match="damaged"):
        shards.read(tmp_path)


def test_no_row_has_two_examples_of_one_source():
    packer = Packer(100, wide=False)
    rows: list[shards.Rows] = []
    for number in range(400):
        rows += packer.add([number % 7] * 20, str(number % 7))
    rows += packer.rest()
    assert len(rows) < 400 / 4
    assert all(len(set(tokens_of(row))) * 20 == len(tokens_of(row)) for row in rows)


def test_examples_are_mixed_and_none_is_lost():
    items = list(range(3 * HELD))
    found = list(mixed(items, random.Random(1)))
    assert sorted(found) == items
    assert found == list(mixed(items, random.Random(1)))
    assert max(found[:100]) > HELD / 2
