"""The scheduler around the fake model: order, replacement, cancelling, one end for each request."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, asynccontextmanager

import pytest
from msgspec.structs import replace

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.model import AbortFlag, Prefill
from slm_lsp.inference.protocol import (
    BranchFinished,
    Chat,
    Generate,
    Prefilled,
    Priority,
    Prompt,
    RequestFinished,
    Token,
)
from slm_lsp.inference.worker.fake import FakeModel, Reply, Script
from slm_lsp.inference.worker.model_thread import Background
from slm_lsp.inference.worker.scheduler import Scheduler


@asynccontextmanager
async def scheduler(script: Script):
    made = Scheduler(FakeModel(script), AbortFlag())
    yield made
    await made.close()


def request(prefix: str, document: str = "a", *, stop: tuple[str, ...] = (), max_tokens: int = 50):
    return Generate(7, document, Prompt("a.py", "python", prefix, ""), max_tokens, stop)


async def collect(engine: Scheduler, asked: Generate) -> tuple[str, str]:
    """Return the text and how it ended."""
    text, reason = "", ""
    async for event in engine.generate(asked):
        match event:
            case Prefilled():
                text = ""  # it may have been interrupted and begun anew
            case Token():
                text += event.text
            case BranchFinished():
                text, reason = text[: event.kept], event.reason
            case RequestFinished():
                reason = reason if event.reason == "done" else event.reason
    return text, reason


SCRIPT = Script(
    replies=(Reply("x = ", "one two three four five\nsix"),), default="pass", token_ms=5
)


async def test_streams_prefill_pieces_and_one_end():
    async with scheduler(SCRIPT) as engine:
        events = [event async for event in engine.generate(request("x = "))]
    assert isinstance(events[0], Prefilled)
    assert all(isinstance(event, Token) for event in events[1:-2])
    assert isinstance(events[-2], BranchFinished)
    assert isinstance(events[-1], RequestFinished)
    assert {event.id for event in events} == {7}


@pytest.mark.parametrize(
    ("stop", "max_tokens", "expected"),
    [
        (("\n",), 50, ("one two three four five", "stop")),
        ((), 2, ("one two", "length")),
        ((), 50, ("one two three four five\nsix", "end")),
        (("four",), 50, ("one two three ", "stop")),
    ],
)
async def test_ends_where_it_should(stop, max_tokens, expected):
    async with scheduler(SCRIPT) as engine:
        assert await collect(engine, request("x = ", stop=stop, max_tokens=max_tokens)) == expected


async def test_a_newer_request_replaces_the_running_one_of_its_document():
    async with scheduler(SCRIPT) as engine:
        old = asyncio.create_task(collect(engine, request("x = ")))
        await asyncio.sleep(0.012)
        new = asyncio.create_task(collect(engine, request("y = ")))
        assert (await old)[1] == "superseded"
        assert await new == ("pass", "end")


async def test_a_newer_request_replaces_the_waiting_one_of_its_document():
    async with scheduler(SCRIPT) as engine:
        running = asyncio.create_task(collect(engine, request("x = ", "other")))
        await asyncio.sleep(0.012)
        waiting = asyncio.create_task(collect(engine, request("x = ")))
        await asyncio.sleep(0)
        new = asyncio.create_task(collect(engine, request("y = ")))
        assert await waiting == ("", "superseded")
        assert await running == ("one two three four five\nsix", "end")
        assert await new == ("pass", "end")


async def test_closing_the_generator_frees_the_model():
    async with scheduler(Script(default="word " * 1000, token_ms=5)) as engine:
        async with aclosing(engine.generate(request("x"))) as events:
            async for event in events:
                if isinstance(event, Token):
                    break
        async with asyncio.timeout(1):
            _, reason = await collect(engine, request("y", "b", max_tokens=1))
        assert reason == "length"


async def test_what_the_model_raises_ends_only_its_own_request(monkeypatch: pytest.MonkeyPatch):
    async with scheduler(SCRIPT) as engine:
        with monkeypatch.context() as patch:

            def broken(*_: object) -> None:
                raise RuntimeError("boom")

            patch.setattr(FakeModel, "prefill", broken)
            assert await collect(engine, request("x = ")) == ("", "failed")
        assert await collect(engine, request("y = ")) == ("pass", "end")


class Behind(FakeModel):
    """A model that never reads a prompt whole at once, and takes long to catch up."""

    caught_up = 0

    @property
    def behind(self) -> bool:
        return self.caught_up < 40

    def catch_up(self, abort: AbortFlag) -> None:
        while self.behind:
            abort.check()
            time.sleep(0.01)
            self.caught_up += 1


async def test_what_was_left_out_is_read_while_nobody_asks_and_gives_way():
    model = Behind(SCRIPT)
    engine = Scheduler(model, AbortFlag())
    await asyncio.sleep(0.05)
    assert 0 < model.caught_up < 40
    async with asyncio.timeout(0.3):
        assert await collect(engine, request("y = ")) == ("pass", "end")
    assert model.caught_up < 40
    async with asyncio.timeout(5):
        while model.behind:  # noqa: ASYNC110 (the model's thread has no event for us)
            await asyncio.sleep(0.01)
    assert await collect(engine, request("y = ")) == ("pass", "end")
    await engine.close()


class Anticipating(FakeModel):
    """A model that has something to read after each answer, and is slow at it."""

    due = False
    read = 0

    def prefill(self, prompt: Prompt | Chat, budget_s: float, abort: AbortFlag) -> Prefill:
        self.due = True
        return super().prefill(prompt, budget_s, abort)

    def expect(self, prompt: Prompt | Chat) -> None:
        self.due = True

    @property
    def anticipates(self) -> bool:
        return self.due

    def anticipate(self, abort: AbortFlag) -> None:
        self.due = False
        for _ in range(10):
            abort.check()
            time.sleep(0.01)
        self.read += 1


async def test_what_the_next_key_may_need_is_read_before_anything_is_prepared():
    model = Anticipating(SCRIPT)
    engine = Scheduler(model, AbortFlag())
    await collect(engine, request("x"))
    await asyncio.sleep(0.02)
    assert await collect(engine, less_urgent("y", Priority.PREFETCH)) == ("pass", "end")
    assert model.read == 1
    await engine.close()


async def test_what_the_next_key_may_need_does_not_hold_that_key_up():
    model = Anticipating(SCRIPT)
    engine = Scheduler(model, AbortFlag())
    await collect(engine, request("x"))
    await asyncio.sleep(0.02)
    async with asyncio.timeout(0.07):
        assert await collect(engine, request("y")) == ("pass", "end")
    assert model.read == 0
    await engine.close()


async def test_what_was_typed_as_offered_is_not_read_but_what_the_next_key_may_need():
    model = Anticipating(SCRIPT)
    engine = Scheduler(model, AbortFlag())
    assert await collect(engine, less_urgent("x = ", Priority.IDLE)) == ("", "")
    assert (model.evaluated_tokens, model.read) == (0, 0)
    async with asyncio.timeout(5):
        while not model.read:  # noqa: ASYNC110 (the model's thread has no event for us)
            await asyncio.sleep(0.01)
    await engine.close()


async def test_on_a_battery_nothing_is_read_beforehand(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Background, "speculates", False)
    model = Anticipating(SCRIPT)
    engine = Scheduler(model, AbortFlag())
    await collect(engine, request("x"))
    await asyncio.sleep(0.15)
    assert (model.due, model.read) == (True, 0)
    await engine.close()


class Cold(FakeModel):
    """A model that takes long to warm up, or cannot."""

    warmth = 0
    broken = False

    def warm_up(self, abort: AbortFlag) -> None:
        if self.broken:
            raise ModelUnusable("boom")
        while self.warmth < 40:
            abort.check()
            time.sleep(0.01)
            self.warmth += 1


async def test_it_warms_up_until_somebody_asks():
    model = Cold(SCRIPT)
    engine = Scheduler(model, AbortFlag())
    await asyncio.sleep(0.05)
    async with asyncio.timeout(0.3):
        assert await collect(engine, request("y = ")) == ("pass", "end")
    assert 0 < model.warmth < 40
    await engine.close()


async def test_who_asks_at_once_finds_it_cold():
    model = Cold(SCRIPT)
    engine = Scheduler(model, AbortFlag())
    assert await collect(engine, request("y = ")) == ("pass", "end")
    assert model.warmth == 0
    await engine.close()


async def test_it_does_not_warm_up_where_only_what_is_asked_for_may_be_done():
    model = Cold(SCRIPT)
    engine = Scheduler(model, AbortFlag(), Background(share=0))
    await asyncio.sleep(0.05)
    assert model.warmth == 0
    await engine.close()


async def test_a_model_that_cannot_warm_up_answers_all_the_same():
    model = Cold(SCRIPT)
    model.broken = True
    engine = Scheduler(model, AbortFlag())
    await asyncio.sleep(0.05)
    assert await collect(engine, request("y = ")) == ("pass", "end")
    await engine.close()


async def test_every_request_of_a_storm_ends_once():
    async with scheduler(Script(default="a b c d e f", token_ms=1)) as engine:
        asked = [collect(engine, request("x", f"{n % 5}")) for n in range(60)]
        answers = await asyncio.gather(*asked)
    assert len(answers) == 60
    assert all(reason in ("end", "superseded") for _, reason in answers)
    assert sum(reason == "end" for _, reason in answers) == 5


def less_urgent(prefix: str, urgency: Priority, document: str = "b") -> Generate:
    return Generate(8, document, Prompt("a.py", "python", prefix, ""), 50, urgency=urgency)


async def test_what_is_urgent_interrupts_what_is_not():
    async with scheduler(Script((Reply("slow", "word " * 20),), "pass", token_ms=10)) as engine:
        background = asyncio.create_task(collect(engine, less_urgent("slow", Priority.PREFETCH)))
        await asyncio.sleep(0.05)
        async with asyncio.timeout(0.1):
            assert await collect(engine, request("y")) == ("pass", "end")
        assert not background.done()
        text, reason = await background
        assert (text, reason) == ("word " * 20, "end")


async def test_an_interrupted_request_says_that_it_begins_anew():
    async with scheduler(Script((Reply("slow", "word " * 9),), "pass", token_ms=10)) as engine:

        async def events() -> list[object]:
            return [it async for it in engine.generate(less_urgent("slow", Priority.PREFETCH))]

        background = asyncio.create_task(events())
        await asyncio.sleep(0.05)
        await collect(engine, request("y"))
        heard = await background
        begun = [at for at, event in enumerate(heard) if isinstance(event, Prefilled)]
        assert len(begun) == 2
        text = "".join(event.text for event in heard[begun[1] :] if isinstance(event, Token))
        assert text == "word " * 9


async def test_what_somebody_waits_for_is_not_interrupted_any_more():
    script = Script((Reply("slow", "word " * 20),), "pass", token_ms=5)
    async with scheduler(script) as engine:
        background = asyncio.create_task(collect(engine, less_urgent("slow", Priority.PREFETCH)))
        await asyncio.sleep(0.02)
        engine.rank(8, Priority.NOW)
        await collect(engine, request("y"))
        assert background.done()
        assert (await background)[0] == "word " * 20


async def test_a_request_may_lose_its_rank():
    async with scheduler(Script((Reply("slow", "word " * 50),), "pass", token_ms=5)) as engine:
        slow = asyncio.create_task(collect(engine, request("slow")))
        await asyncio.sleep(0.02)
        engine.rank(7, Priority.PREFETCH)
        async with asyncio.timeout(0.1):
            assert await collect(engine, request("y", "b")) == ("pass", "end")
        slow.cancel()


async def test_clients_take_turns():
    order = []

    async def ask(engine: Scheduler, client: str, document: str) -> None:
        async for _ in engine.generate(request("y", document), client):
            pass
        order.append(client)

    async with scheduler(Script(default="a b", token_ms=5)) as engine:
        greedy = [asyncio.create_task(ask(engine, "greedy", f"{n}")) for n in range(6)]
        await asyncio.sleep(0.001)
        modest = [asyncio.create_task(ask(engine, "modest", f"{n}")) for n in range(2)]
        await asyncio.gather(*greedy, *modest)
    assert order[:4].count("modest") == 2 or order[1:5].count("modest") == 2


async def test_a_prompt_that_is_only_read():
    async with scheduler(Script(default="pass")) as engine:
        events = [it async for it in engine.generate(request("y", max_tokens=0))]
    assert [type(event) for event in events] == [Prefilled, RequestFinished]


async def test_nothing_is_done_on_suspicion_where_that_is_forbidden():
    engine = Scheduler(FakeModel(SCRIPT), AbortFlag(), Background(share=0))
    assert await collect(engine, less_urgent("x = ", Priority.WARM_UP)) == ("", "cancelled")
    assert (await collect(engine, request("x = ")))[1] == "end"
    await engine.close()


async def test_background_work_rests_in_proportion():
    engine = Scheduler(
        FakeModel(Script(default="a " * 10, token_ms=10)), AbortFlag(), Background(0.25)
    )
    await collect(engine, less_urgent("x", Priority.PREFETCH))
    before = time.monotonic()
    await collect(engine, less_urgent("x", Priority.PREFETCH))
    assert time.monotonic() - before > 0.3
    await engine.close()


async def test_branches_are_written_side_by_side():
    script = Script((Reply("x = ", "one\n", others=("two two\n", "three\n")),))
    asked = Generate(7, "a", Prompt("a.py", "python", "x = ", ""), 50, ("\n",), branches=3)
    async with scheduler(script) as engine:
        texts, ended = ["", "", ""], [""] * 3
        async for event in engine.generate(asked):
            match event:
                case Token():
                    texts[event.branch] += event.text
                case BranchFinished():
                    ended[event.branch] = event.reason
    assert texts == ["one", "two two", "three"]
    assert ended == ["stop"] * 3


@pytest.mark.parametrize("urgency", [Priority.NOW, Priority.PREFETCH])
async def test_only_what_somebody_waits_for_is_short_of_time(urgency):
    async with scheduler(Script(default="word " * 20, token_ms=10)) as engine:
        hurried = replace(request("x"), urgency=urgency, budget_ms=50)
        _, reason = await collect(engine, hurried)
        assert reason == ("time" if urgency is Priority.NOW else "end")


async def test_who_begins_to_wait_gives_half_of_the_time_anew():
    async with scheduler(Script(default="word " * 60, token_ms=10)) as engine:
        prepared = replace(request("x"), urgency=Priority.PREFETCH, budget_ms=100)
        task = asyncio.create_task(collect(engine, prepared))
        await asyncio.sleep(0.2)
        engine.rank(prepared.id, Priority.NOW)
        text, reason = await task
        assert reason == "time"
        assert len(text.split()) > 20


async def test_an_unexpected_failure_says_its_type_and_place_and_quotes_nothing(monkeypatch):
    def broken(*_: object) -> None:
        b"password = \xff".decode()

    monkeypatch.setattr(FakeModel, "prefill", broken)
    async with scheduler(Script(default="x")) as engine:
        events = [event async for event in engine.generate(request("x = "))]
    assert isinstance(events[-1], RequestFinished)
    assert events[-1].reason == "failed"
    assert "UnicodeDecodeError at " in events[-1].detail
    assert "test_scheduler.py" in events[-1].detail
    assert "password" not in events[-1].detail
