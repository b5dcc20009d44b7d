"""Low-rank adapters: two thin matrices beside each weight, and only those are trained.

Tokens that are new to a model get embeddings of their own, which are trained as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gguf
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from slm_lsp.errors import TuneRefused
from slm_lsp.training.gguf_metadata import EMBEDDINGS_KEY as NEW
from slm_lsp.training.gguf_metadata import value
from slm_lsp.training.network.llama import Block, Llama

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

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
        sides = (self.scale * self.lora_a).to(hidden.dtype), self.lora_b.to(hidden.dtype)
        found: Tensor = _Product.apply(hidden, self.base.weight, *sides)
        return found if self.base.bias is None else found + self.base.bias


class _Product(torch.autograd.Function):
    """`hidden` times a weight to which the product of two thin matrices is added before.

    For many tokens that is less work than to take them through the thin matrices as well, and what
    a merged model will compute.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """Return the product."""
        whole = torch.addmm(weight.to(hidden.dtype), second, first)
        ctx.save_for_backward(hidden, whole, first, second)
        return hidden @ whole.T

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        """Return what the product changes by, for `hidden` and the two thin matrices."""
        hidden, whole, first, second = ctx.saved_tensors
        flat, given = slope.flatten(0, -2), hidden.flatten(0, -2)
        to_first = (flat @ second).T @ given
        to_second = flat.T @ (given @ first.T)
        return slope @ whole, None, to_first, to_second


class Extended(nn.Module):
    """An embedding that stays as it is, but for tokens that are new.

    Those begin by chance, as large as others: where a model made no use of them they may all be the
    same, and it could not tell them from each other.
    """

    def __init__(self, base: nn.Embedding, new: Collection[int], chance: torch.Generator) -> None:
        super().__init__()
        self.base = base
        known = torch.zeros(base.num_embeddings, len(new))
        known[sorted(new), range(len(new))] = 1.0
        self.register_buffer("known", known, persistent=False)
        self.new = nn.Parameter(torch.empty(len(new), base.embedding_dim))
        nn.init.normal_(self.new, std=float(base.weight.float().std()), generator=chance)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the numbers of each of `tokens`."""
        which = functional.embedding(tokens, self.known)
        own: Tensor = self.base(tokens) * (1 - which.sum(-1, keepdim=True))
        return own + which @ self.new


def adapt(model: Llama, rank: int, new: Collection[int] = ()) -> None:
    """Freeze `model` and put an adapter beside each of its blocks' weights, always the same one.

    `new` has the tokens that it is to learn, to read and not to write.
    """
    chance = torch.Generator().manual_seed(0)
    model.requires_grad_(requires_grad=False)
    for block in model.blk:
        assert isinstance(block, Block)
        for name, layer in list(block.named_children()):
            if isinstance(layer, nn.Linear):
                setattr(block, name, Adapted(layer, rank, chance))
    if new:
        assert isinstance(model.token_embd, nn.Embedding)
        model.token_embd = Extended(model.token_embd, new, chance)


def begin_with(model: Llama, adapter: Path) -> None:
    """Let `model`, which is adapted, begin with what `adapter`, a file of `export`, has learned.

    Raises TuneRefused for another file, or one for another model.
    """
    try:
        reader = gguf.GGUFReader(str(adapter))
    except (ValueError, IndexError, KeyError) as error:
        raise TuneRefused(f"{adapter} is no adapter that can be read ({error}).") from None
    found = {it.name: torch.from_numpy(np.array(it.data)) for it in reader.tensors}
    wanted = {tensor_name(name): it for name, it in trained(model).items()}
    if (new := wanted.get(NEW)) is not None:
        found[NEW] = torch.tensor(value(reader, NEW, [])).reshape(-1, new.shape[1])
    alpha = value(reader, gguf.Keys.Adapter.LORA_ALPHA)
    if alpha != ALPHA or _sizes(found) != _sizes(wanted):
        raise TuneRefused(f"{adapter} is no adapter for this base, or was not made by slm-lsp.")
    with torch.no_grad():
        for name, it in wanted.items():
            it.copy_(found[name])


def tensor_name(name: str) -> str:
    """Return what a file calls the tensor that is called `name` in `trained`."""
    layer, _, side = name.rpartition(".")
    return NEW if side == "new" else f"{layer}.weight.{side}"


def _sizes(tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: it.shape for name, it in tensors.items()}


def trained(model: nn.Module) -> dict[str, Tensor]:
    """Return the tensors that training changes, by their names."""
    return {name: it for name, it in model.named_parameters() if it.requires_grad}
