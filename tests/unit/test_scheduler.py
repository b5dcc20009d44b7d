"""The scheduler around the fake model: order, replacement, cancelling, one end for each request."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, asynccontextmanager

import pytest

from slm_lsp.engine.fake import FakeModel, Reply, Script
from slm_lsp.engine.model import AbortFlag
from slm_lsp.engine.protocol import (
    Ended,
    Finished,
    Generate,
    Piece,
    Prefilled,
    Prompt,
    Urgency,
)
from slm_lsp.engine.scheduler import Scheduler


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
            case Piece():
                text += event.text
            case Ended():
                text, reason = text[: event.kept], event.reason
            case Finished():
                reason = reason if event.reason == "done" else event.reason
    return text, reason


SCRIPT = Script(
    replies=(Reply("x = ", "one two three four five\nsix"),), default="pass", token_ms=5
)


async def test_streams_prefill_pieces_and_one_end():
    async with scheduler(SCRIPT) as engine:
        events = [event async for event in engine.generate(request("x = "))]
    assert isinstance(events[0], Prefilled)
    assert all(isinstance(event, Piece) for event in events[1:-2])
    assert isinstance(events[-2], Ended)
    assert isinstance(events[-1], Finished)
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
                if isinstance(event, Piece):
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


async def test_every_request_of_a_storm_ends_once():
    async with scheduler(Script(default="a b c d e f", token_ms=1)) as engine:
        asked = [collect(engine, request("x", f"{n % 5}")) for n in range(60)]
        answers = await asyncio.gather(*asked)
    assert len(answers) == 60
    assert all(reason in ("end", "superseded") for _, reason in answers)
    assert sum(reason == "end" for _, reason in answers) == 5
