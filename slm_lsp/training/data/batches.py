"""Which rows a step learns from: all of them once in an order by chance, then in another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from slm_lsp.training.data.shards import nothing, switch

if TYPE_CHECKING:
    from slm_lsp.training.data.shards import Index, Rows

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
    a processor up to twice as long as those of 512.
    """
    rows, learned = _without_switches(rows)
    tokens = torch.from_numpy(
        np.where(rows == nothing(rows.dtype), index.end, rows).astype(np.int64)
    )
    targets = tokens.roll(-1, dims=1)
    weights = torch.from_numpy(np.roll(learned, -1, axis=1).astype(np.float32))
    weights[:, -1] = 0.0
    weights *= torch.where(targets == index.end, index.end_weight, 1.0)
    return Batch(tokens, targets, weights)


def _without_switches(rows: Rows) -> tuple[Rows, Mask]:
    """Take the switches out, move up what is behind them, and tell which tokens are learned."""
    switches = rows == switch(rows.dtype)
    learned = np.cumsum(switches, axis=1) % 2 == 0
    order = np.argsort(switches, axis=1, kind="stable")
    moved = np.take_along_axis(np.where(switches, nothing(rows.dtype), rows), order, axis=1)
    found = moved.astype(rows.dtype)
    return found, np.take_along_axis(learned, order, axis=1) & (found != nothing(rows.dtype))
