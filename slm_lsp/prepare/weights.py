"""Weights in a form that processors compute faster, for the same answers.

Q5_0 keeps 32 weights as numbers of five bits, -16 to 15, and one scale. Q8_0 keeps 32 numbers of
eight bits and one scale: the same numbers and the same scale fit in, so nothing is rounded. There
is a fast way for Q8_0 on all processors (AMX, AVX-512, AVX2, ARM), and none for Q5_0. Files whose
rows are too short for the K types have Q5_0 in most places, and Q4_K and Q6_K in the others. These
become Q8_0, too: what is rounded then is a sixteenth of a step of Q6_K, and less of Q4_K.
"""

from __future__ import annotations

from typing import Any

import gguf
import numpy as np
import numpy.typing as npt

Q5_0, Q8_0 = gguf.GGMLQuantizationType.Q5_0, gguf.GGMLQuantizationType.Q8_0

SLOW = (Q5_0, gguf.GGMLQuantizationType.Q4_K, gguf.GGMLQuantizationType.Q6_K)
"""What becomes Q8_0 in a file that has Q5_0 in it."""

_SCALE, _HIGH, _LOW = 2, 4, 16
"""Bytes of a block of Q5_0: the scale (float16), the fifth bits, and the other four of each."""

Blocks = npt.NDArray[np.uint8]


def as_q8_0(data: npt.NDArray[Any], kind: gguf.GGMLQuantizationType) -> npt.NDArray[Any]:
    """Return rows of the type `kind`, as bytes, as rows of Q8_0. The same on every machine."""
    if kind == Q5_0:
        return widened(data)
    return gguf.quantize(gguf.dequantize(data, kind), Q8_0)


def widened(data: npt.NDArray[Any]) -> Blocks:
    """Return rows of Q5_0, as bytes, as rows of Q8_0 that stand for the same numbers."""
    rows = np.ascontiguousarray(data).view(np.uint8)
    blocks = rows.reshape(-1, _SCALE + _HIGH + _LOW)
    bits = blocks[:, _SCALE : _SCALE + _HIGH]
    high = np.unpackbits(bits, axis=1, bitorder="little")  # the fifth bit of each of 32
    low = blocks[:, _SCALE + _HIGH :]
    four = np.concatenate([low & 0x0F, low >> 4], axis=1)
    numbers = (four | (high << 4)).astype(np.int8) - np.int8(16)
    wide = np.concatenate([blocks[:, :_SCALE], numbers.view(np.uint8)], axis=1)
    return wide.reshape(*rows.shape[:-1], -1)
