"""What of a model goes onto graphics cards, as llama.cpp counts it: the output, then the layers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.inference.gguf.reader import Header, Tensor
    from slm_lsp.inference.llama.hardware import Device

AUTO = -1
"""In place of a number of layers: as many as fit."""

RESERVE = 512 * 2**20
"""Bytes that stay free on each card: for what is computed between the layers, and for the screen.
"""

HALF, SINGLE = 2, 4
"""Bytes of a number in the KV cache, and of a score."""

SCORED = 2 * 256
"""Tokens for which llama.cpp keeps room for scores: the largest batch in each of two contexts. With
large vocabularies they are most of what is kept there: 48 of 49 MiB with the default model."""

ROUNDING = 2 * 256
"""By how many tokens two contexts become larger: llama.cpp makes them a multiple of 256."""

_LAYER = re.compile(r"blk\.(\d+)\.(.*)")
_KEYS, _VALUES, _FUSED, _OUT = (f"attn_{name}.weight" for name in ("k", "v", "qkv", "output"))


@dataclass(frozen=True, slots=True)
class Placement:
    """How many of all `total` layers go onto which `cards`, the output counted as one.

    `reason` says why it is not what was wanted, and is empty where it is.
    """

    layers: int
    total: int
    cards: tuple[Device, ...] = ()
    reason: str = ""

    def __str__(self) -> str:
        """Say it as in `31 of 31 layers on NVIDIA A2 (CUDA0)`."""
        if not self.layers:
            return f"the processor alone: {self.reason}" if self.reason else "the processor alone"
        return f"{self.layers} of {self.total} layers on {self.named_cards}"

    @property
    def named_cards(self) -> str:
        """The cards by what they are, and by their names in the runtime."""
        return " and ".join(f"{card.description} ({card.name})" for card in self.cards)

    @property
    def shares(self) -> tuple[float, ...]:
        """How the layers are divided among the cards: by what is free there."""
        return tuple(float(max(1, room(card))) for card in self.cards)


def place(header: Header, devices: Sequence[Device], wanted: int, tokens: int) -> Placement:
    """Decide where the model goes, with a KV cache of so many `tokens` in all.

    `wanted` is a number of layers, or AUTO.
    """
    layers: dict[int, dict[str, Tensor]] = {}
    others: dict[str, Tensor] = {}
    for tensor in header.tensors:
        if (found := _LAYER.match(tensor.name)) is None:
            others[tensor.name] = tensor
        else:
            layers.setdefault(int(found[1]), {})[found[2]] = tensor
    total = len(layers) + 1
    cards = tuple(device for device in devices if device.is_card)
    if not wanted or not layers:
        return Placement(0, total)
    if not cards:
        none = "the runtime finds no graphics card"
        return Placement(0, total, reason="" if wanted == AUTO else none)
    usable = tuple(card for card in cards if room(card) > 0) or cards
    if wanted != AUTO:
        return Placement(min(wanted, total), total, usable)
    sizes = [_size(parts, tokens) for _, parts in sorted(layers.items())]
    fitting = _fitting(sizes, _output(others), usable)
    if not fitting:
        full = f"{Placement(0, total, cards).named_cards} has no room for a layer"
        return Placement(0, total, reason=full)
    return Placement(fitting, total, usable)


def room(card: Device) -> int:
    """Return how many bytes of the card may be used; negative where less than RESERVE is free."""
    return card.free_bytes - RESERVE


def _fitting(sizes: list[int], output: int, cards: Sequence[Device]) -> int:
    """Return how many fit, with the output, which goes first and alone is not worth it."""
    # No layer is divided among cards, so each but one may have as much left over.
    spare = (len(cards) - 1) * max(*sizes, output)
    free = sum(map(room, cards)) - spare - output
    fitting = 0
    for size in reversed(sizes):
        free -= size
        if free < 0:
            break
        fitting += 1
    return fitting + 1 if fitting else 0


def _output(others: dict[str, Tensor]) -> int:
    """Return what the output takes: its weights, or a copy of the input's, and the scores."""
    weights = others.get("output.weight") or others.get("token_embd.weight")
    return weights.size + SINGLE * SCORED * weights.shape[-1] if weights else 0


def _size(parts: dict[str, Tensor], tokens: int) -> int:
    """Return what a layer takes: its weights, and its keys and values of so many tokens."""
    weights = sum(tensor.size for tensor in parts.values())
    return weights + HALF * (tokens + ROUNDING) * _kept(parts)


def _kept(parts: dict[str, Tensor]) -> int:
    """Return how many numbers a layer keeps of each token."""
    if _KEYS in parts and _VALUES in parts:
        return parts[_KEYS].shape[-1] + parts[_VALUES].shape[-1]
    if _FUSED in parts and _OUT in parts:
        return parts[_FUSED].shape[-1] - parts[_OUT].shape[0]
    return 2 * max(tensor.shape[0] for tensor in parts.values())
