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

PART_TOKENS = {"cpu": 256, "cuda": 4096}
"""Tokens whose scores are held at a time: 75 MB or 1.2 GB with a vocabulary of 49,152. A processor
has them near, and a GPU has much to do at once."""


class WeightedLoss(torch.autograd.Function):
    """The sum over all positions of `counts` times the loss at `targets`, in nats.

    `hidden` has a row for each position, and `output` one for each token of the vocabulary; the
    scores are their product, and are made where something counts. It is computed in the precision
    of autocast where that is enabled. What is held has the same size every time: of other sizes,
    the allocator keeps more and more.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, output: Tensor, targets: Tensor, counts: Tensor
    ) -> Tensor:
        """Return the sum."""
        device = hidden.device.type
        casts = torch.is_autocast_enabled(device)
        kind = torch.get_autocast_dtype(device) if casts else hidden.dtype
        given, wide = hidden.to(kind), output.to(kind)
        to_hidden = torch.zeros_like(hidden)
        trained = ctx.needs_input_grad[1]
        size = min(PART_TOKENS[device], len(given))
        scores = given.new_empty(len(given) if trained else size, len(wide))
        exact = torch.empty_like(scores[:size], dtype=torch.float32)
        total = exact.new_zeros(())
        (counted,) = counts.nonzero(as_tuple=True)
        for at in range(0, len(counted), size):
            here = counted[at : at + size]
            part, target, count = given[here], targets[here, None], counts[here, None]
            rough = scores[at : at + len(part)] if trained else scores[: len(part)]
            fine = exact[: len(part)]
            torch.mm(part, wide.T, out=rough)
            fine.copy_(rough)
            fine -= fine.amax(1, keepdim=True)
            wanted = fine.gather(1, target)
            sums = fine.exp_().sum(1, keepdim=True)
            total += ((sums.log() - wanted) * count).sum()
            if any(ctx.needs_input_grad):
                fine.div_(sums).scatter_add_(1, target, torch.full_like(sums, -1.0))
                rough.copy_(fine)
                to_hidden[here] = ((rough @ wide) * count).to(hidden.dtype)
        to_output = None
        if trained:
            read = (given * counts[:, None]).to(kind)[counted]
            to_output = (scores[: len(counted)].T @ read).to(output.dtype)
        ctx.save_for_backward(to_hidden, to_output)
        return total

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        """Return what `forward` found, times the `slope` of the result."""
        to_hidden, to_output = ctx.saved_tensors
        return slope * to_hidden, None if to_output is None else slope * to_output, None, None
