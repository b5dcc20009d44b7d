"""What the server does beforehand, and what it does without being in the way."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tests.harness.editor import Editor, offered
from tests.harness.world import ADD, World, serving

FUNCTION = "def add(a, b):\n    |\n"
NEXT = {"after": "return a + b\n    ", "text": "print(add(1, 2))\n"}
SLOW = {"after": "slow = ", "text": "1 + " * 20 + "1\n"}


async def quiet(world: World) -> dict[str, Any]:
    """Wait until the engine has nothing to do any more and return its status."""
    before: dict[str, Any] = {}
    while (now := await world.engine_status())["decoded_tokens"] != before.get(
        "decoded_tokens"
    ) or now["evaluated_tokens"] != before["evaluated_tokens"]:
        before = now
        await asyncio.sleep(0.3)
    return now


async def test_the_line_below_is_ready_once_a_completion_is_accepted(world):
    async with serving(world, {"model": world.fake(ADD, NEXT)}) as client:
        editor = Editor(client, FUNCTION)
        [item] = await editor.items()
        await quiet(world)
        client.inbox.take("slm-lsp/timings")
        await editor.accept(item)
        assert await editor.items() == []
        assert (await client.wait_for_notification("slm-lsp/timings"))["cacheHit"]
        editor.type("\n    ")
        assert await editor.ghost() == "print(add(1, 2))"
        assert (await client.wait_for_notification("slm-lsp/timings"))["cacheHit"]
        client.inbox.take("window/logMessage")


async def test_the_engine_hears_of_what_is_typed_as_offered(world):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        editor = Editor(client, FUNCTION)
        await editor.items()
        before = await quiet(world)
        for letter in "re":
            editor.type(letter)
            assert await editor.ghost()
        for _ in range(50):
            status = await world.engine_status()
            if status["requests"] > before["requests"]:
                break
            await asyncio.sleep(0.1)
        assert status["requests"] > before["requests"]
        assert status["evaluated_tokens"] == before["evaluated_tokens"]


async def test_prefetch_can_be_switched_off(world):
    settings = {"model": world.fake(ADD), "completion": {"prefetch": False}}
    async with serving(world, settings) as client:
        await Editor(client, FUNCTION).items()
        assert (await quiet(world))["requests"] == 1


async def test_where_the_cursor_goes_is_read_before_anybody_asks(world):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        editor = Editor(client, "x = 1\n" * 50 + "|")
        place = editor.buffer.position(editor.caret)
        await client.wait_for_notification("didChangeStatus", lambda it: not it["busy"])
        params = {"textDocument": {"uri": editor.buffer.uri}, "position": place}
        client.notify("slm-lsp/didMoveCursor", params)
        client.notify("slm-lsp/didMoveCursor", {"textDocument": {"uri": "file:///unknown"}})
        client.notify("slm-lsp/didMoveCursor", {**params, "position": {"line": "1"}})
        client.notify("slm-lsp/didMoveCursor", None)
        for _ in range(50):
            status = await world.engine_status()
            if status["evaluated_tokens"]:
                break
            await asyncio.sleep(0.1)
        assert status["evaluated_tokens"] > 100
        assert status["decoded_tokens"] == 0


async def test_an_engine_that_left_comes_back_with_the_answer(world):
    settings = {"model": world.fake(ADD), "engine": {"idleMinutes": 0.005}}
    async with serving(world, settings) as client:
        for number in range(12):  # at moments before, while and after it leaves
            editor = Editor(client, f"x = {number}\n{FUNCTION}")
            assert await editor.ghost() == "return a + b", number
            await asyncio.sleep(0.2 + 0.1 * number)
        client.inbox.take("window/logMessage")


async def test_who_asks_by_hand_may_choose(world):
    several = {**ADD, "others": ["return b + a\n", "return a + b\n"]}
    async with serving(world, {"model": world.fake(several)}) as client:
        editor = Editor(client, FUNCTION)
        items = await editor.items(invoked=True)
        assert {editor.shown(item) for item in items} == {"return a + b", "return b + a"}
        assert len({item["command"]["arguments"][0] for item in items}) == 2


async def test_ghost_text_comes_in_time_even_if_the_model_would_go_on(world):
    settings = {"model": world.fake(SLOW, token_ms=50), "completion": {"budgetMs": 400}}
    async with serving(world, settings) as client:
        await Editor(client, FUNCTION).items()
        editor = Editor(client, "slow = |\n")
        before = time.monotonic()
        ghost = await editor.ghost()
        assert time.monotonic() - before < 2.0  # all of it takes more
        assert ghost.startswith("1 + 1")
        assert ghost.endswith("1")
        assert len(ghost) < len(SLOW["text"]) // 2
        assert offered(await client.answer(editor.ask())) != []
