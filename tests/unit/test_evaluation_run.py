"""A case goes the whole way of a key, with all the time it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slm_lsp.evaluation.cases import Case
from slm_lsp.evaluation.run import evaluate
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.worker.fake import FakeModel, Reply, Script
from slm_lsp.inference.worker.scheduler import Scheduler
from slm_lsp.settings.schema import CompletionSettings, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from slm_lsp.inference.protocol import Event, Generate, Priority


class Watched:
    """An engine that remembers what it was asked."""

    def __init__(self, script: Script) -> None:
        self._engine = Scheduler(FakeModel(script), AbortFlag())
        self.asked: list[Generate] = []

    async def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        self.asked.append(request)
        async for event in self._engine.generate(request):
            yield event

    def rank(self, number: int, urgency: Priority) -> None:
        self._engine.rank(number, urgency)

    async def close(self) -> None:
        await self._engine.close()


@pytest.fixture
async def engine():
    made = Watched(Script((Reply("y = ", "value + 1\n"),), prefill_ms=5))
    yield made
    await made.close()


def case(suffix: str = "\n", prefix: str = "x = 1\ny = ", expected: str = "value + 1") -> Case:
    return Case("a", "python", prefix, suffix, expected)


async def test_a_case_is_answered_and_judged(engine):
    result = await evaluate(case(), Settings(), engine)
    assert (result.completion, result.exact_match, result.asked) == ("value + 1", True, True)
    assert 0 < (result.confidence or 0) <= 1


async def test_the_prompt_is_read_first_and_no_time_is_set(engine):
    settings = Settings(completion=CompletionSettings(budget_ms=50))
    result = await evaluate(case(prefix="a\n" * 40 + "y = "), settings, engine)
    reading, asking = engine.asked
    assert (reading.max_tokens, reading.prompt) == (0, asking.prompt)
    assert reading.id != asking.id
    assert (reading.budget_ms, asking.budget_ms) == (0, 0)
    assert result.exact_match
    assert result.latency_ms < 40 * 5  # what the reading took does not count


async def test_nobody_is_asked_where_nothing_is_offered(engine):
    result = await evaluate(case("abc\n"), Settings(), engine)
    assert (result.shown, result.dropped, result.asked) == (False, "inside a word", False)
    assert engine.asked == []


@pytest.mark.parametrize("suffix", [" + z\n", "\n"])
async def test_inside_a_line_and_where_nothing_comes_by_itself_it_is_asked_for(engine, suffix):
    manual = Settings(completion=CompletionSettings(trigger="manual"))
    assert (await evaluate(case(suffix), manual, engine)).shown


async def test_line_ends_of_the_case_are_kept(engine):
    result = await evaluate(case("\r\n", "x = 1\r\ny = "), Settings(), engine)
    assert result.exact_match
