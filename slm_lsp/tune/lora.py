"""Low-rank adapters: two thin matrices beside each weight, and only those are trained."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from slm_lsp.tune.llama import Block, Llama

RANK = 16
"""Makes 10 MB of an adapter for 135 million parameters, 30 MB for 2 billion."""

ALPHA = 32.0
"""Over the rank it is how much what is learned counts: a learning rate then suits other ranks."""


class Adapted(nn.Module):
    """A linear layer whose own weights stay as they are."""

    def __init__(self, base: nn.Linear, rank: int, chance: torch.Generator) -> None:
        super().__init__()
        self.base = base
        self.scale = ALPHA / rank
        self.lora_a = nn.Parameter(torch.empty(rank, base.in_features))
        self.lora_b = nn.Parameter(torch.zeros(base.out_features, rank))  # so it begins as the base
        nn.init.normal_(self.lora_a, std=rank**-0.5, generator=chance)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return what the base gives, and what was learned."""
        thin = self.scale * functional.linear(hidden, self.lora_a.to(hidden.dtype))
        whole: Tensor = self.base(hidden) + functional.linear(thin, self.lora_b.to(hidden.dtype))
        return whole


def adapt(model: Llama, rank: int) -> None:
    """Freeze `model` and put an adapter beside each of its blocks' weights, always the same one."""
    chance = torch.Generator().manual_seed(0)
    model.requires_grad_(requires_grad=False)
    for block in model.blk:
        assert isinstance(block, Block)
        for name, layer in list(block.named_children()):
            if isinstance(layer, nn.Linear):
                setattr(block, name, Adapted(layer, rank, chance))


def trained(model: nn.Module) -> dict[str, Tensor]:
    """Return the tensors that training changes, by their names."""
    return {name: it for name, it in model.named_parameters() if it.requires_grad}
