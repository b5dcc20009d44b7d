"""What each step of the path adds: the steps in order, and what is counted."""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import TYPE_CHECKING, cast

import pytest

from benchmarks import ablation
from benchmarks.ablation import row, steps
from slm_lsp.evaluation.cases import Case
from slm_lsp.evaluation.metrics import judged
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.worker.fake import FakeModel, Reply, Script
from slm_lsp.inference.worker.scheduler import Scheduler
from slm_lsp.settings.schema import CompletionSettings, Settings

if TYPE_CHECKING:
    from slm_lsp.inference.llama.model import LlamaModel


async def climb(monkeypatch, case: Case, *replies: Reply) -> dict[str, str | None]:
    monkeypatch.setattr(ablation, "published", lambda _weights: nullcontext())
    monkeypatch.setattr("benchmarks.plain.published", lambda _weights: nullcontext())
    engine = Scheduler(FakeModel(Script(replies)), AbortFlag())
    settings = Settings(completion=CompletionSettings(min_confidence=0.5))
    found = await steps(case, settings, engine, cast("LlamaModel", None))
    await engine.close()
    return {name: result.completion for name, result in found.items()}


async def test_the_steps_end_a_block_and_refuse_what_breaks_the_syntax(monkeypatch):
    case = Case("a", "python", "def f(a):\n    ", "\n\n\nx = 1\n", "b = a\n    return b")
    found = await climb(monkeypatch, case, Reply("", "b = a\n    return b\nf((\n", -0.001))
    assert set(found.values()) == {"b = a\n    return b"}

    found = await climb(monkeypatch, Case("a", "python", "f(", ")\n", "1"), Reply("f(", "]\n"))
    assert found["stop"] == "]"
    assert found["asked"] is None


async def test_only_what_nobody_asked_for_ends_in_doubt(monkeypatch):
    case = Case("a", "python", "x = ", "\n", "value")
    found = await climb(monkeypatch, case, Reply("x = ", "value\n", math.log(0.35)))
    assert found["asked"] == found["0.30"] == "value"
    assert found["unasked"] is found["definitions"] is found["0.40"] is None


@pytest.mark.parametrize(("shown", "right"), [(True, None), (False, None)])
def test_figures_of_a_step(shown, right):
    case = Case("a", "python", "x = ", "\n", "value")
    results = [
        judged(case, text, confidence=1, dropped="", latency_ms=0, asked=True)
        for text in (["value", "val", "other", None] if shown else [None] * 4)
    ]
    made = row("step", results)
    assert made["n"] == 4
    if shown:
        assert (made["exact"], made["shown"], made["right"]) == (0.25, 0.75, 1 / 3)
        assert made["exact_low"] <= 0.25 <= made["exact_high"]
        assert (made["chars_saved"], made["chars_wrong"]) == (5 / 4, 8 / 4)
    else:
        assert (made["exact"], made["shown"], made["right"]) == (0, 0, right)
