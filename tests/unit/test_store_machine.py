"""How much memory a model may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

from slm_lsp.platform.machine import SHARE, memory_for_models

if TYPE_CHECKING:
    from pathlib import Path


def test_a_container_may_have_less_than_the_machine(tmp_path: Path):
    total = psutil.virtual_memory().total
    limit = tmp_path / "memory.max"
    assert memory_for_models(limit) == int(SHARE * total)
    for content, expected in (("max\n", total), ("1000\n", 1000), (f"{2 * total}\n", total)):
        limit.write_text(content)
        assert memory_for_models(limit) == int(SHARE * expected)
