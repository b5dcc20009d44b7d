"""A base and shards so small that a training takes seconds, to try a machine's GPU with.

python -m tests.harness.tiny_training DIR
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from slm_lsp.training.data import shards
from tests.harness.families import TINY
from tests.harness.tiny_models import write

ROW = 256
ROWS = 64


def main(folder: Path) -> None:
    """Write `base.gguf` and `shards` into `folder`."""
    write(folder / "base.gguf", TINY["SmolLM2"])
    writer = shards.Writer(folder / "shards", ROW, wide=False)
    chance = np.random.default_rng(0)
    for _ in range(ROWS):
        writer.add(chance.integers(0, 256, ROW).astype(np.uint16))
    writer.close(end=256, end_weight=5.0, new={})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
