"""The loss of predictions, with its gradient in the same go.

The scores of a whole vocabulary are most of what a small model computes and holds. A part of them
is made once and turned into its gradient where it lies: nothing is computed again on the way back.
It is given up for the next, so that memory stays bounded, unless the output's weights are trained:
what all parts say of those is added up in one product, for each sum of two has to go over all of
the vocabulary.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

PART_TOKENS = {"cpu": 256, "cuda": 4096}
"""Tokens whose scores are held at a time: 75 MB or 1.2 GB with a vocabulary of 49,152. A processor
has them near, and a GPU has much to do at once."""


class WeightedLoss(torch.autograd.Function):
    """The sum over all positions of `counts` times the loss at `targets`, in nats.

    `hidden` has a row for each position, and `output` one for each token of the vocabulary; the
    scores are their product, and are made where something counts. It is computed in the precision
    of autocast where that is enabled. All parts have one size, also the last: for each that they
    have met, the products of a processor (oneDNN) keep as much as the whole `output`.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, output: Tensor, targets: Tensor, counts: Tensor
    ) -> Tensor:
        """Return the sum."""
        device = hidden.device.type
        casts = torch.is_autocast_enabled(device)
        kind = torch.get_autocast_dtype(device) if casts else hidden.dtype
        wide = output.to(kind)
        trained = ctx.needs_input_grad[1]
        size = min(PART_TOKENS[device], len(hidden))
        (counted,) = counts.nonzero(as_tuple=True)
        rest = len(hidden) + size - len(counted)
        given = functional.pad(hidden[counted].to(kind), (0, 0, 0, rest))
        target = functional.pad(targets[counted], (0, rest))[:, None]
        count = functional.pad(counts[counted], (0, rest))[:, None]
        end = -(-len(counted) // size) * size
        scores = given.new_empty(len(given) if trained else size, len(wide))
        exact = torch.empty_like(scores[:size], dtype=torch.float32)
        slopes = torch.zeros_like(given, dtype=hidden.dtype)
        total = exact.new_zeros(())
        for at in range(0, end, size):
            here = slice(at, at + size)
            rough = scores[here] if trained else scores
            torch.mm(given[here], wide.T, out=rough)
            losses, sums = _losses(exact.copy_(rough), target[here])
            total += (losses * count[here]).sum()
            if any(ctx.needs_input_grad):
                exact.div_(sums).scatter_add_(1, target[here], torch.full_like(sums, -1.0))
                rough.copy_(exact)
                slopes[here] = (rough @ wide) * count[here]
        to_hidden = torch.zeros_like(hidden)
        to_hidden[counted] = slopes[: len(counted)]
        to_output = None
        if trained:
            to_output = (scores[:end].T @ (given * count).to(kind)[:end]).to(output.dtype)
        ctx.save_for_backward(to_hidden, to_output)
        return total

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        """Return what `forward` found, times the `slope` of the result."""
        to_hidden, to_output = ctx.saved_tensors
        return slope * to_hidden, None if to_output is None else slope * to_output, None, None


def _losses(scores: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return each row's loss at its `target` (nats), and the sum of what it becomes.

    `scores` become exponentials, in place; divided by their sums they are probabilities.
    """
    scores -= scores.amax(1, keepdim=True)
    wanted = scores.gather(1, target)
    sums = scores.exp_().sum(1, keepdim=True)
    return sums.log() - wanted, sums
