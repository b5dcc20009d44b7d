"""Answers that are being computed: who joins them, who leaves them, what is prepared."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from slm_lsp.completion.answers import Answers
from slm_lsp.completion.complete import PARSE_AFTER_S, complete
from slm_lsp.completion.in_flight import GRACE_S
from slm_lsp.completion.prefetch import after, prefetch, read_ahead
from slm_lsp.completion.request import CompletionResult, Request, prompt_for
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.protocol import Priority
from slm_lsp.inference.worker.fake import FakeModel, Reply, Script
from slm_lsp.inference.worker.scheduler import Scheduler
from slm_lsp.settings.schema import CompletionSettings, Settings
from slm_lsp.syntax.languages import find
from slm_lsp.syntax.syntax import Syntax, parse
from slm_lsp.syntax.tree import PendingParse
from slm_lsp.text.document import (
    Cursor,
    Document,
    Edit,
    Span,
)

SLOW = Script(
    replies=(
        Reply("total = ", "first + second\n", others=("other\n", "first + second\n")),
        Reply("total = first + second\n", "print(total)\n"),
        Reply("total = first + second", "\n"),
    ),
    default="pass\n",
    token_ms=20,
)


class Counted(FakeModel):
    """Counts the prompts it is given."""

    prompts = 0

    def prefill(self, *arguments):
        self.prompts += 1
        return super().prefill(*arguments)


@asynccontextmanager
async def serving(script: Script = SLOW):
    model = Counted(script)
    engine = Scheduler(model, AbortFlag())
    yield engine, model, Answers()
    await engine.close()


def at(source: str, **options) -> Request:
    before, after = source.split("|")
    document = Document.of(before + after, uri="file:///a.py", language="python")
    lines = before.replace("\r\n", "\n").split("\n")
    parsed = parse(document)
    syntax = parsed if isinstance(parsed, Syntax) else None
    return Request(document, syntax, Cursor(len(lines) - 1, len(lines[-1])), **options)


def texts(outcome: CompletionResult) -> list[str]:
    return [completion.text for completion in outcome.completions]


async def test_who_types_what_is_being_written_joins():
    async with serving() as (engine, model, answers):
        first = asyncio.create_task(complete(at("total = |"), Settings(), answers, engine))
        await asyncio.sleep(0.01)
        for typed in ("f", "fi"):
            first.cancel()
            first = asyncio.create_task(
                complete(at(f"total = {typed}|"), Settings(), answers, engine)
            )
            await asyncio.sleep(0.005)
        outcome = await first
        assert texts(outcome) == ["rst + second"]
        assert (outcome.joined, outcome.cached) == (True, False)
        assert model.prompts == 1


@pytest.mark.parametrize("end", ["\n", "\r\n"])
async def test_who_types_a_line_end_that_is_being_written_joins(end):
    script = Script((Reply("def f():", "\n    a = 1\n    return a\n"),), token_ms=20)
    async with serving(script) as (engine, model, answers):
        source = f"x = 1{end}def f():|{end}"
        first = asyncio.create_task(complete(at(source), Settings(), answers, engine))
        await asyncio.sleep(0.05)
        source = f"x = 1{end}def f():{end}    |{end}"
        outcome = await complete(at(source), Settings(), answers, engine)
        await first
        assert texts(outcome) == [f"a = 1{end}    return a"]
        assert model.prompts == 1


async def test_who_types_something_else_does_not_wait():
    async with serving() as (engine, model, answers):
        first = asyncio.create_task(complete(at("total = |"), Settings(), answers, engine))
        await asyncio.sleep(0.05)
        outcome = await complete(at("total = x|"), Settings(), answers, engine)
        assert texts(outcome) == ["pass"]
        assert not outcome.joined
        assert (await first).dropped == "superseded"
        assert model.prompts == 2


async def test_who_joined_is_let_go_as_soon_as_the_text_differs():
    async with serving(replace_token_ms(100)) as (engine, model, answers):
        first = asyncio.create_task(complete(at("total = |"), Settings(), answers, engine))
        await asyncio.sleep(0.02)  # nothing is written yet, so `x` may be what comes
        second = asyncio.create_task(complete(at("total = x|"), Settings(), answers, engine))
        assert texts(await second) == ["pass"]
        assert (await first).completions == ()
        assert model.prompts == 2


def replace_token_ms(token_ms: float) -> Script:
    return Script(SLOW.replies, SLOW.default, token_ms=token_ms)


async def test_what_nobody_waits_for_ends_soon():
    async with serving(Script(default="a " * 1000, token_ms=5)) as (engine, _model, answers):
        task = asyncio.create_task(complete(at("x = |"), Settings(), answers, engine))
        await asyncio.sleep(0.03)
        running = answers.running("file:///a.py")
        assert running is not None
        ranks = [running.urgency]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [*ranks, running.urgency] == [Priority.NOW, Priority.PREFETCH]
        await asyncio.sleep(GRACE_S + 0.1)
        assert running.over


async def test_a_cancelled_request_may_be_asked_again():
    """As editors do that cancel the last request before they send the next."""
    async with serving() as (engine, model, answers):
        task = asyncio.create_task(complete(at("total = |"), Settings(), answers, engine))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.sleep(0.01)
        outcome = await complete(at("total = fi|"), Settings(), answers, engine)
        assert texts(outcome) == ["rst + second"]
        assert model.prompts == 1


async def test_accepting_what_was_offered_finds_the_next_line_ready():
    async with serving() as (engine, model, answers):
        request = at("total = |")
        outcome = await complete(request, Settings(), answers, engine)
        await prefetch(request, outcome.completions[0], Settings(), answers, engine)
        asked = model.prompts
        accepted = await complete(at("total = first + second|"), Settings(), answers, engine)
        below = await complete(at("total = first + second\n|"), Settings(), answers, engine)
        assert (accepted.completions, accepted.cached) == ((), True)
        assert (texts(below), below.cached) == (["print(total)"], True)
        assert model.prompts == asked


async def test_what_is_being_prepared_can_be_joined():
    async with serving() as (engine, model, answers):
        request = at("total = |")
        outcome = await complete(request, Settings(), answers, engine)
        asked = model.prompts + 1
        ahead = asyncio.create_task(
            prefetch(request, outcome.completions[0], Settings(), answers, engine)
        )
        while model.prompts < asked:  # noqa: ASYNC110 (the model's thread has no event for us)
            await asyncio.sleep(0.001)
        joined = await complete(at("total = first + second|"), Settings(), answers, engine)
        assert joined.joined
        await ahead
        assert model.prompts <= asked + 1  # the line below


async def test_preparing_never_replaces_what_somebody_waits_for():
    async with serving() as (engine, _model, answers):
        request = at("total = |")
        outcome = await complete(request, Settings(), answers, engine)
        waiting = asyncio.create_task(complete(at("y = 1\n|"), Settings(), answers, engine))
        await asyncio.sleep(0.005)
        await prefetch(request, outcome.completions[0], Settings(), answers, engine)
        assert texts(await waiting) == ["pass"]


async def test_the_tree_is_made_while_the_model_works():
    async with serving() as (engine, _model, answers):
        request = at("total = |")
        made: list[int] = []
        unparsed = PendingParse(request.document, find("python"), None)
        request = replace(request, parsed=unparsed, settle=made.append)
        task = asyncio.create_task(complete(request, Settings(), answers, engine))
        await asyncio.sleep(2 * PARSE_AFTER_S)
        assert made
        assert not task.done()
        await task


def test_what_is_prepared_begins_as_what_was_asked():
    above = "import os\nclass A:\n    def long(self):\n" + 300 * "        x = 1\n"
    request = at(f"{above}        total = 1|")
    end = Span.at(request.cursor)
    document = request.document.applied(Edit(end, "2"), 2)
    syntax = parse(request.document)
    assert isinstance(syntax, Syntax)
    known = syntax.unparsed(Edit(end, "2"), request.document, document)
    cursor = Cursor(request.cursor.line, request.cursor.column + 1)
    request = Request(document, known, cursor, settle=lambda _line: None)
    accepted = after(request, request.syntax, Edit(Span.at(cursor), "3"))
    asked, prepared = (prompt_for(it, Settings()) for it in (request, accepted))
    assert "def long" in asked.prefix
    assert prepared.prefix == asked.prefix + "3"


async def test_reading_ahead_writes_nothing():
    async with serving() as (engine, model, _answers):
        await read_ahead(at("total = |"), Settings(), engine, Priority.WARM_UP)
        assert model.prompts == 1
        assert model.decoded_tokens == 0


async def test_several_different_completions_for_who_asks_for_them():
    async with serving() as (engine, _model, answers):
        wanted = at("total = |", invoked=True, alternatives=3)
        outcome = await complete(wanted, Settings(), answers, engine)
        assert sorted(texts(outcome)) == ["first + second", "other"]
        one = await complete(replace(wanted, alternatives=1), Settings(), answers, engine)
        assert one.cached


async def test_one_completion_does_not_serve_who_asks_for_several():
    async with serving() as (engine, _model, answers):
        await complete(at("total = |"), Settings(), answers, engine)
        wanted = at("total = |", invoked=True, alternatives=3)
        outcome = await complete(wanted, Settings(), answers, engine)
        assert not outcome.cached
        assert len(outcome.completions) == 2


async def test_what_there_was_no_time_for_is_asked_for_again():
    async with serving(Script(default="pass\n", token_ms=150)) as (engine, model, answers):
        hurried = Settings(completion=CompletionSettings(budget_ms=50))
        outcome = await complete(at("total = |"), hurried, answers, engine)
        assert (outcome.completions, outcome.dropped) == ((), "no time")
        again = await complete(at("total = |"), Settings(), answers, engine)
        assert texts(again) == ["pass"]
        assert model.prompts == 2
