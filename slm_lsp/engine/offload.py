"""How many layers of a model a graphics card has room for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.engine.gguf import Header
    from slm_lsp.engine.hardware import Device

AUTO = -1
"""In place of a number of layers: as many as fit."""

RESERVE = 512 * 2**20
"""Bytes that stay free on each card: for what is computed between the layers, and for the screen.
"""

STATE_SHARE = 0.25
"""What a layer's part of the KV cache takes, in sizes of its weights, at the most: that of the
default settings is a tenth for models of 0.5 to 7 thousand million parameters."""

_LAYER = re.compile(r"blk\.(\d+)\.")


def layers(header: Header, devices: Sequence[Device], wanted: int) -> int:
    """Return how many layers go to graphics cards, the last of them being the output.

    `wanted` is a number, or AUTO. Without a card it is 0.
    """
    room = sum(max(0, device.free_bytes - RESERVE) for device in devices if device.is_card)
    if not any(device.is_card for device in devices):
        return 0
    if wanted != AUTO:
        return wanted
    sizes: dict[str, int] = {}
    rest = 0
    for tensor in header.tensors:
        if (found := _LAYER.match(tensor.name)) is not None:
            sizes[found[1]] = sizes.get(found[1], 0) + tensor.size
        else:
            rest += tensor.size
    if not sizes:
        return 0
    largest = int(max(sizes.values()) * (1 + STATE_SHARE))
    fitting = min(len(sizes), room // largest)
    whole = fitting == len(sizes) and room - fitting * largest >= rest
    return fitting + 1 if whole else fitting
