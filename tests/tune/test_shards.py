"""Shards: what goes in comes out, in files that can be carried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from slm_lsp.errors import TuneRefused
from slm_lsp.tune import shards

if TYPE_CHECKING:
    from pathlib import Path


def tokens_of(row: np.ndarray) -> list[int]:
    return [int(it) for it in row if it != shards.nothing(row.dtype)]


@pytest.mark.parametrize("wide", [False, True])
def test_examples_come_back_whole(tmp_path: Path, wide: bool):
    rng = np.random.default_rng(0)
    most = 150_000 if wide else 65_000
    examples = [rng.integers(0, most, rng.integers(1, 60)).tolist() for _ in range(500)]
    writer = shards.Writer(tmp_path, 64, wide=wide)
    for row in shards.packed(examples, 64, wide=wide):
        writer.add(row)
    index = writer.close(end=0, end_weight=1.0, fim={})
    found, rows = shards.read(tmp_path)
    assert found == index
    assert rows.dtype == (np.uint32 if wide else np.uint16)
    assert index.tokens == sum(map(len, examples)) == sum(len(tokens_of(row)) for row in rows)
    flat = ["," + ",".join(map(str, tokens_of(row))) + "," for row in rows]
    assert all(any("," + ",".join(map(str, it)) + "," in row for row in flat) for it in examples)


def test_rows_are_nearly_full():
    rng = np.random.default_rng(1)
    examples = [[1] * int(rng.integers(1, 400)) for _ in range(3000)]
    rows = list(shards.packed(examples, 512, wide=False))
    assert sum(map(len, examples)) / (len(rows) * 512) > 0.95


def test_files_stay_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shards, "MAX_BYTES", 9_000_000)
    rng = np.random.default_rng(2)
    writer = shards.Writer(tmp_path, 4096, wide=False)
    for _ in range(900):
        writer.add(rng.integers(0, 60_000, 4096).astype(np.uint16))
    index = writer.close(end=0, end_weight=1.0, fim={})
    assert len(index.shards) > 1
    assert all((tmp_path / it.file).stat().st_size <= 9_000_000 for it in index.shards)
    assert len(shards.read(tmp_path)[1]) == 900


def test_a_damaged_shard_is_refused(tmp_path: Path):
    writer = shards.Writer(tmp_path, 4, wide=False)
    writer.add(np.arange(4, dtype=np.uint16))
    writer.close(end=0, end_weight=1.0, fim={})
    (tmp_path / "0000.xz").write_bytes(b"else")
    with pytest.raises(TuneRefused, match="damaged"):
        shards.read(tmp_path)
