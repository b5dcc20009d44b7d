"""The whole path on the fake model: gate, cache, window, engine, stop, tidy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from slm_lsp.completion.answers import Answers
from slm_lsp.completion.cache import CAPACITY
from slm_lsp.completion.complete import complete
from slm_lsp.completion.request import CompletionResult, Request
from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.worker.fake import FakeModel, Reply, Script
from slm_lsp.inference.worker.scheduler import Scheduler
from slm_lsp.settings.schema import CompletionSettings, Settings
from slm_lsp.syntax.syntax import Syntax, parse
from slm_lsp.text.document import Cursor, Document

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SCRIPT = Script(
    replies=(
        Reply("total = ", "first + second\nnext line"),
        Reply("def f():\n    ", "a = 1\n    return a\nprint()", -0.1),
    ),
    default="pass\n",
)


@pytest.fixture
async def engine() -> AsyncIterator[Scheduler]:
    made = Scheduler(FakeModel(SCRIPT), AbortFlag())
    yield made
    await made.close()


def at(source: str, *, language: str = "python", invoked: bool = False) -> Request:
    """Ask for a completion at the `|` in `source`."""
    before, after = source.split("|")
    document = Document.of(before + after, uri="file:///a.py", language=language)
    lines = before.split("\n")
    parsed = parse(document)
    syntax = parsed if isinstance(parsed, Syntax) else None
    return Request(document, syntax, Cursor(len(lines) - 1, len(lines[-1])), invoked)


def text(outcome: CompletionResult) -> str:
    return outcome.completions[0].text if outcome.completions else ""


async def test_a_line(engine: Scheduler):
    outcome = await complete(at("x = 1\ntotal = |\n"), Settings(), Answers(), engine)
    assert text(outcome) == "first + second"
    assert outcome.dropped == ""
    assert outcome.timings.generated_tokens == 3
    assert outcome.timings.evaluated_tokens == outcome.timings.prompt_tokens
    assert 0 < outcome.completions[0].confidence <= 1


async def test_a_block(engine: Scheduler):
    outcome = await complete(at("def f():\n    |\n"), Settings(), Answers(), engine)
    assert text(outcome) == "a = 1\n    return a"


async def test_typing_what_is_offered_asks_no_model(engine: Scheduler):
    answers = Answers()
    first = await complete(at("total = |"), Settings(), answers, engine)
    for typed in range(1, len(text(first))):
        source = "total = " + text(first)[:typed] + "|"
        outcome = await complete(at(source), Settings(), answers, engine)
        assert text(outcome) == text(first)[typed:]
        assert outcome.cached
        assert outcome.timings.prompt_tokens == 0


async def test_typing_something_else_asks_again(engine: Scheduler):
    answers = Answers()
    await complete(at("total = |"), Settings(), answers, engine)
    outcome = await complete(at("total = x|"), Settings(), answers, engine)
    assert not outcome.cached


@pytest.mark.parametrize("source", ["y = 1\ntotal = |", "total = |\nz = 2", "total = |)"])
async def test_another_place_is_not_the_same(engine: Scheduler, source: str):
    answers = Answers()
    await complete(at("total = |"), Settings(), answers, engine)
    assert not (await complete(at(source), Settings(), answers, engine)).cached


async def test_nothing_is_remembered_too(engine: Scheduler):
    answers = Answers()
    nothing = await complete(at("def g():\n    x\n    |\n    pass"), Settings(), answers, engine)
    again = await complete(at("def g():\n    x\n    |\n    pass"), Settings(), answers, engine)
    assert (nothing.dropped, nothing.cached) == ("nothing to offer", False)
    assert (again.dropped, again.cached) == ("nothing to offer", True)


async def test_a_closed_document_is_forgotten(engine: Scheduler):
    answers = Answers()
    await complete(at("total = |"), Settings(), answers, engine)
    answers.forget("file:///a.py")
    assert not (await complete(at("total = |"), Settings(), answers, engine)).cached


async def test_the_cache_is_bounded(engine: Scheduler):
    answers = Answers()
    for number in range(CAPACITY + 1):
        await complete(at(f"n = {number}\ntotal = |"), Settings(), answers, engine)
    assert not (await complete(at("n = 0\ntotal = |"), Settings(), answers, engine)).cached
    assert (await complete(at(f"n = {CAPACITY}\ntotal = |"), Settings(), answers, engine)).cached


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("x = fo|o", "inside a word"),
        ("|", "nothing before the cursor"),
        ("\n\n   |", "nothing before the cursor"),
        ("x = '" + "a" * 3000 + "|", "line too long"),
    ],
)
async def test_stays_silent_where_it_would_annoy(engine: Scheduler, source: str, reason: str):
    outcome = await complete(at(source), Settings(), Answers(), engine)
    assert (outcome.completions, outcome.dropped) == ((), reason)


async def test_who_asks_gets_an_answer_in_the_middle_of_a_line(engine: Scheduler):
    outcome = await complete(at("total = | + 1", invoked=True), Settings(), Answers(), engine)
    assert text(outcome) == "first + second"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (Settings(enabled=False), "switched off"),
        (Settings(languages={"python": False}), "switched off"),
        (Settings(completion=CompletionSettings(trigger="manual")), "only on demand"),
    ],
)
async def test_can_be_switched_off(engine: Scheduler, settings: Settings, reason: str):
    assert (await complete(at("total = |"), settings, Answers(), engine)).dropped == reason


async def test_the_token_budget_is_kept(engine: Scheduler):
    settings = Settings(completion=CompletionSettings(max_tokens=2))
    outcome = await complete(at("total = |"), settings, Answers(), engine)
    assert text(outcome) == "first"
    assert outcome.timings.generated_tokens == 2


async def test_cancelling_frees_the_engine():
    engine = Scheduler(FakeModel(Script(default="a " * 500, token_ms=5)), AbortFlag())
    task = asyncio.create_task(complete(at("x = |"), Settings(), Answers(), engine))
    await asyncio.sleep(0.03)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    settings = Settings(completion=CompletionSettings(max_tokens=1))
    async with asyncio.timeout(1):
        await complete(at("y = |"), settings, Answers(), engine)
    await engine.close()


async def test_a_replaced_answer_is_not_remembered():
    engine = Scheduler(FakeModel(Script(default="a b c d", token_ms=10)), AbortFlag())
    answers = Answers()
    first = asyncio.create_task(complete(at("x = |"), Settings(), answers, engine))
    await asyncio.sleep(0.015)
    await complete(at("y = |"), Settings(), answers, engine)
    assert (await first).dropped == "superseded"
    assert not (await complete(at("x = |"), Settings(), answers, engine)).cached
    await engine.close()


async def test_a_model_that_fails_is_an_engine_error(monkeypatch: pytest.MonkeyPatch):
    engine = Scheduler(FakeModel(SCRIPT), AbortFlag())

    def broken(*_: object) -> None:
        raise ModelUnusable("The model is broken.")

    monkeypatch.setattr(FakeModel, "prefill", broken)
    with pytest.raises(ModelUnusable, match="The model is broken"):
        await complete(at("x = |"), Settings(), Answers(), engine)
    await engine.close()
