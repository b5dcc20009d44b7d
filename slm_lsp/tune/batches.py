"""Which rows a step learns from: all of them once in an order by chance, then in another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from slm_lsp.tune.shards import nothing

if TYPE_CHECKING:
    from slm_lsp.tune.shards import Index, Rows

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Batch:
    """Tokens, what follows each, and how much that counts (0 where nothing follows)."""

    tokens: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor

    def to(self, device: str) -> Batch:
        """Return the same on `device`."""
        parts = (self.tokens, self.targets, self.weights)
        return Batch(*(part.to(device, non_blocking=True) for part in parts))


@dataclass(frozen=True, slots=True)
class Order:
    """The order of `rows` rows, `batch` at a step: the same for the same seed, from any step on."""

    rows: int
    batch: int
    seed: int

    def at(self, step: int) -> list[int]:
        """Return the numbers of the rows of `step`, which counts from 0."""
        first, last = step * self.batch, (step + 1) * self.batch
        found: list[int] = []
        for epoch in range(first // self.rows, (last - 1) // self.rows + 1):
            seeds = [self.seed % 2**64, epoch]  # none may be negative
            order = np.random.default_rng(seeds).permutation(self.rows)
            start = epoch * self.rows
            found += order[max(0, first - start) : last - start].tolist()
        return found


def batch(rows: Rows, index: Index) -> Batch:
    """Make a batch of `rows`.

    The last token of a row is read, too, though nothing follows it: the products of 511 tokens take
    a processor up to twice as long as those of 512. A prompt is not learned to be written: it is
    most of an example, and what belongs into the hole would hardly count beside it.
    """
    counted = rows != nothing(rows.dtype)
    if index.fim:
        rows, counted = _joined(rows, counted & ~_prompts(rows, index), index)
    tokens = torch.from_numpy(
        np.where(rows == nothing(rows.dtype), index.end, rows).astype(np.int64)
    )
    targets = tokens.roll(-1, dims=1)
    weights = torch.from_numpy(np.roll(counted, -1, axis=1).astype(np.float32))
    weights[:, -1] = 0.0
    weights *= torch.where(targets == index.end, index.end_weight, 1.0)
    return Batch(tokens, targets, weights)


def _prompts(rows: Rows, index: Index) -> Mask:
    """Tell which tokens are a prompt's: from the first of its marks on, up to the middle's."""
    middle = index.fim["mid"]
    opening = [token for token in index.fim.values() if token != middle]
    opened = _last(np.isin(rows, opening))
    closed = _last(np.isin(rows, [middle, index.end]))
    return opened > np.concatenate((np.full_like(closed[:, :1], -1), closed[:, :-1]), axis=1)


def _joined(rows: Rows, counted: Mask, index: Index) -> tuple[Rows, Mask]:
    """Leave out the middle's token where the prefix stands right before it, and move up."""
    prefixed = _last(rows == index.fim["pre"]) > _last(rows == index.fim["suf"])
    kept = (rows != index.fim["mid"]) | ~prefixed
    order = np.argsort(~kept, axis=1, kind="stable")
    left = np.take_along_axis(kept, order, axis=1)
    moved = np.where(left, np.take_along_axis(rows, order, axis=1), nothing(rows.dtype))
    return moved.astype(rows.dtype), left & np.take_along_axis(counted, order, axis=1)


def _last(found: Mask) -> npt.NDArray[np.int64]:
    """Return for each place the last one up to it of those `found` in its row, or -1."""
    return np.maximum.accumulate(np.where(found, np.arange(found.shape[1]), -1), axis=1)
