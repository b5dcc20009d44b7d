"""The runtime's threads are those that keep to cores of their own."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slm_lsp.inference.llama.model import LlamaModel
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.protocol import Prompt
from slm_lsp.platform.affinity import NAME
from slm_lsp.platform.machine import fast_cores

if TYPE_CHECKING:
    from slm_lsp.models import InstalledModel


def test_the_first_prompt_places_them(small_model: InstalledModel) -> None:
    if len(fast_cores()) < 2:
        pytest.skip("needs two cores")

    def work() -> list[set[int]]:
        abort = AbortFlag()
        model = LlamaModel(small_model.path, threads=2, context_tokens=256, abort=abort)
        model.prefill(Prompt("a.py", "python", "def f():\n    return", ""), 0.0, abort)
        named = [it for it in Path("/proc/self/task").iterdir() if _name(it) == NAME]
        places = [os.sched_getaffinity(int(task.name)) for task in named]
        model.close()
        return places

    with ThreadPoolExecutor(1) as pool:
        first, second = pool.submit(work).result()
    assert first.isdisjoint(second)
    assert len(os.sched_getaffinity(threading.get_native_id())) >= 2


def _name(task: Path) -> str:
    return (task / "comm").read_text().rstrip("\n")
