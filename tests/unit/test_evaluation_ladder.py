"""The quality benchmark's ladder: what each step of the path changes."""

from __future__ import annotations

import math

from benchmarks.ladder import ladder
from slm_lsp.config import Settings
from slm_lsp.engine.fake import FakeModel, Reply, Script
from slm_lsp.engine.model import AbortFlag
from slm_lsp.engine.scheduler import Scheduler
from slm_lsp.evaluation.cases import Case


async def climb(case: Case, *replies: Reply) -> dict[str, str | None]:
    engine = Scheduler(FakeModel(Script(replies)), AbortFlag())
    found = await ladder(case, Settings(), engine)
    await engine.close()
    assert found["gate"] == found["definitions"] or found["gate"].latency_ms > 0
    return {name: result.completion for name, result in found.items()}


async def test_the_steps_end_a_line_a_block_and_what_breaks_the_syntax():
    case = Case("a", "python", "def f(a):\n    ", "\n\n\nx = 1\n", "b = a\n    return b")
    written = "b = a\n    return b\nf((\n"
    found = await climb(case, Reply("def f(a):\n    ", written, math.log(0.999)))
    assert found["prefix"] == found["healing"] == found["window"] == "b = a"
    assert found["stop"] == found["tidy"] == found["gate"] == "b = a\n    return b"

    found = await climb(Case("a", "python", "f(", ")\n", "1"), Reply("f(", "]\n"))
    assert found["stop"] == "]"
    assert found["tidy"] is None


async def test_only_the_gate_leaves_out_what_is_doubtful():
    case = Case("a", "python", "x = ", "\n", "value")
    found = await climb(case, Reply("x = ", "value\n", math.log(0.1)))
    assert found["tidy"] == "value"
    assert found["gate"] is found["definitions"] is None
