"""The llama architecture in PyTorch, with the names and the layout that GGUF files have.

llama.cpp turns neighbouring pairs of a head's numbers (`llama`), or its two halves (`qwen2`). It is
done alike here, so weights go in and out of files as they are, and an adapter is not permuted.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from slm_lsp.training.network.loss import WeightedLoss

SHORT = 512
"""Tokens up to which a processor looks at all pairs at once, and keeps what it found: in bfloat16
both ways through a layer of 135 million parameters then take 19 ms instead of 47 for four rows."""


PART = 128
"""Positions that look back together: they reach no further than the last of them, which spares
three eighths of what `SHORT` tokens would look at."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a model; `halves` tells how pairs are turned, `biased` that q, k and v have one.

    A `tied` model has no output weights of its own: its embedding serves.
    """

    layers: int
    width: int
    hidden: int
    heads: int
    kv_heads: int
    head: int
    vocabulary: int
    epsilon: float
    rope_base: float
    tied: bool
    halves: bool = False
    biased: bool = False


class Norm(nn.RMSNorm):
    """Whose weight may be kept in another precision than what it is applied to."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Return `hidden` with a root mean square of 1 at each position, times the weight."""
        weight = self.weight.to(hidden.dtype)
        return functional.rms_norm(hidden, tuple(self.normalized_shape), weight, self.eps)


class Attention(nn.Module):
    """Grouped-query attention with rotary positions."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self._shape = shape
        kv = shape.kv_heads * shape.head
        self.attn_q = nn.Linear(shape.width, shape.heads * shape.head, bias=shape.biased)
        self.attn_k = nn.Linear(shape.width, kv, bias=shape.biased)
        self.attn_v = nn.Linear(shape.width, kv, bias=shape.biased)
        self.attn_output = nn.Linear(shape.heads * shape.head, shape.width, bias=False)

    def forward(self, hidden: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """Return what each position takes from those up to itself."""
        shape = self._shape
        rows, length, _ = hidden.shape

        def heads(projected: Tensor, count: int) -> Tensor:
            return projected.view(rows, length, count, shape.head).transpose(1, 2)

        def turned(numbers: Tensor) -> Tensor:
            return numbers * cosine + _partners(numbers, halves=shape.halves) * sine

        query = turned(heads(self.attn_q(hidden), shape.heads))
        key = turned(heads(self.attn_k(hidden), shape.kv_heads))
        value = heads(self.attn_v(hidden), shape.kv_heads)
        mixed = _mixed(query, key, value)
        joined: Tensor = self.attn_output(mixed.transpose(1, 2).reshape(rows, length, -1))
        return joined


class Block(Attention):
    """One layer: attention, then a gated feed-forward network."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.attn_norm = Norm(shape.width, eps=shape.epsilon)
        self.ffn_norm = Norm(shape.width, eps=shape.epsilon)
        self.ffn_gate = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, hidden: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """Return `hidden` with what this layer adds."""
        hidden = hidden + super().forward(self.attn_norm(hidden), cosine, sine)
        normal = self.ffn_norm(hidden)
        added: Tensor = self.ffn_down(functional.silu(self.ffn_gate(normal)) * self.ffn_up(normal))
        return hidden + added


class Llama(nn.Module):
    """A model; the keys of its `state_dict` are the names of a GGUF's tensors."""

    def __init__(self, shape: Shape, rope_factors: Tensor | None = None) -> None:
        """`rope_factors`, one for each pair of a head's numbers, slow down their turning."""
        super().__init__()
        self.shape = shape
        self.token_embd: nn.Module = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = Norm(shape.width, eps=shape.epsilon)
        self.output = nn.Linear(shape.width, shape.vocabulary, bias=False)
        if shape.tied:
            self.output.weight = self.token_embd.weight
        pairs = torch.arange(0, shape.head, 2, dtype=torch.float32, device="cpu") / shape.head
        speeds = shape.rope_base**-pairs
        self._speeds = speeds / rope_factors if rope_factors is not None else speeds

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the last hidden state of each of `tokens`, rows of the same length."""
        hidden = self.token_embd(tokens)
        if torch.is_autocast_enabled(kind := tokens.device.type):
            hidden = hidden.to(torch.get_autocast_dtype(kind))
        places = torch.arange(tokens.shape[1], device=tokens.device, dtype=torch.float32)
        angles = torch.outer(places, self._speeds.to(tokens.device))
        cosine, sine = (
            self._spread(angles.cos(), angles.cos()),
            self._spread(-angles.sin(), angles.sin()),
        )
        cosine, sine = cosine.to(hidden.dtype), sine.to(hidden.dtype)
        for block in self.blk:
            hidden = block(hidden, cosine, sine)
        normal: Tensor = self.output_norm(hidden)
        return normal

    def _spread(self, first: Tensor, second: Tensor) -> Tensor:
        """Return a factor for each of a head's numbers: the first and second of each pair."""
        if self.shape.halves:
            return torch.cat((first, second), dim=-1)
        return torch.stack((first, second), dim=-1).flatten(-2)

    def loss(self, hidden: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Return the sum over all positions of `weights` times the loss at `targets`, in nats."""
        found: Tensor = WeightedLoss.apply(
            hidden.flatten(0, 1), self.output.weight, targets.flatten(), weights.flatten()
        )
        return found


def _mixed(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return, for each query, the values of the keys up to it, by how well they fit."""
    heads, length, head = query.shape[1:]
    if query.device.type != "cpu" or length > SHORT:
        return functional.scaled_dot_product_attention(
            query, key, value, is_causal=True, enable_gqa=heads != key.shape[1]
        )
    query = query * head**-0.5
    parts = [
        _attended(query[:, :, at : at + PART], key[:, :, : at + PART], value[:, :, : at + PART])
        for at in range(0, length, PART)
    ]
    return torch.cat(parts, dim=2)


def _attended(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return the same for the last of the positions that `key` and `value` have."""
    rows, heads, length, _ = query.shape
    groups, reached = key.shape[1:3]
    later = torch.full((length, reached), -torch.inf, dtype=query.dtype).triu(1 + reached - length)
    grouped = query.reshape(rows, groups, -1, query.shape[-1])  # those with the same keys
    fit = (grouped @ key.transpose(-1, -2)).view(rows, heads, length, reached)
    shares = torch.softmax(fit + later, dim=-1)
    return (shares.view(rows, groups, -1, reached) @ value).view(query.shape)


def _partners(numbers: Tensor, *, halves: bool) -> Tensor:
    """Return, in the place of each of a head's numbers, the one that it is turned with.

    What is multiplied then lies side by side in memory, which every second number does not.
    """
    if halves:
        return numbers.roll(numbers.shape[-1] // 2, dims=-1)
    return numbers.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
