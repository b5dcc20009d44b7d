"""Which rows a step learns from: all of them once in an order by chance, then in another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from slm_lsp.tune.shards import nothing

if TYPE_CHECKING:
    import numpy.typing as npt

    from slm_lsp.tune.shards import Index, Rows


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
    known = rows != nothing(rows.dtype)
    tokens = torch.from_numpy(np.where(known, rows, index.end).astype(np.int64))
    targets = tokens.roll(-1, dims=1)
    weights = torch.from_numpy(np.roll(known, -1, axis=1).astype(np.float32))
    weights[:, -1] = 0.0
    weights *= torch.where(targets == index.end, index.end_weight, 1.0)
    if index.fim:
        weights *= torch.from_numpy(~np.roll(_prompts(rows, index), -1, axis=1))
    return Batch(tokens, targets, weights)


def _prompts(rows: Rows, index: Index) -> npt.NDArray[np.bool_]:
    """Tell which tokens are a prompt's: from the first of its marks on, up to the middle's."""
    places = np.arange(rows.shape[1])
    middle = index.fim["mid"]
    opening = [token for token in index.fim.values() if token != middle]
    opened = np.maximum.accumulate(np.where(np.isin(rows, opening), places, -1), axis=1)
    closing = np.where(np.isin(rows, [middle, index.end]), places + 1, 0)
    closed = np.maximum.accumulate(closing, axis=1)
    return opened >= np.concatenate((np.zeros_like(closed[:, :1]), closed[:, :-1]), axis=1)
