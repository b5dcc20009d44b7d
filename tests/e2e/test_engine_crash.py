"""The engine may die, hang or fail to start at any moment; the server answers on."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from slm_lsp.inference.client.client import TRIES
from tests.harness.client import RpcError
from tests.harness.editor import Editor, offered
from tests.harness.world import ADD, serving

if TYPE_CHECKING:
    from tests.harness.client import Client
    from tests.harness.world import World

FUNCTION = "def add(a, b):\n    |\n"
SLOW = {"after": "slow = ", "text": "1 + " * 100 + "1\n"}
BACK_WITHIN = 3.0
"""Seconds from the engine's death until ghost text is there again."""


async def ghost_is_back(client: Client, number: int) -> float:
    """Open new files until one gets ghost text; return the seconds it took."""
    started = time.monotonic()
    for attempt in range(1000):
        # A text of its own each time: the answer must come from the model, not from the cache.
        editor = Editor(client, f"x = {number}, {attempt}\n{FUNCTION}")
        if await editor.ghost() == "return a + b":
            return time.monotonic() - started
        await asyncio.sleep(0.02)
    raise AssertionError("no ghost text any more")


async def test_killing_the_engine_ten_times_while_typing_loses_no_answer(world):
    async with serving(world, {"model": world.fake(SLOW, ADD, token_ms=5)}) as client:
        assert await ghost_is_back(client, -1) < BACK_WITHIN + 5  # the first start may be cold
        dead = set()
        for number in range(10):
            victim = await world.engine_pid()
            dead.add(victim)
            editor = Editor(client, "slow = |\n")
            requests = [editor.ask()]
            for key in "1 +":
                editor.type(key)
                requests.append(editor.ask())
            await asyncio.sleep(0.01 * number)
            os.kill(victim, signal.SIGKILL)
            editor.type(" ")
            requests.append(editor.ask())
            assert await ghost_is_back(client, number) < BACK_WITHIN
            for request in requests:
                await client.answer(request)
        assert len(dead) == 10
        client.inbox.take("window/logMessage")


async def test_a_request_the_engine_dies_under_is_answered_with_nothing(world):
    patient = {"model": world.fake(SLOW, token_ms=50), "completion": {"budgetMs": 60000}}
    async with serving(world, patient) as client:
        editor = Editor(client, "slow = |\n")
        await client.wait_for_notification("didChangeStatus", lambda params: not params["busy"])
        pending = editor.ask()
        await client.wait_for_notification("didChangeStatus", lambda params: params["busy"])
        await world.kill_engine()
        assert offered(await client.answer(pending)) == []
        client.inbox.take("window/logMessage")


async def test_an_engine_that_dies_idle_is_replaced(world):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        assert await ghost_is_back(client, 0) < BACK_WITHIN + 5
        first = await world.kill_engine()
        assert await ghost_is_back(client, 1) < BACK_WITHIN
        assert await world.engine_pid() != first
        client.inbox.take("window/logMessage")


async def test_an_engine_that_is_told_to_stop_comes_back_when_needed(world):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        assert await ghost_is_back(client, 0) < BACK_WITHIN + 5
        assert (await world.cli("engine", "stop")).code == 0
        assert await ghost_is_back(client, 1) < BACK_WITHIN
        client.inbox.take("window/logMessage")


async def test_what_was_offered_stays_without_an_engine(world):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        editor = Editor(client, FUNCTION)
        assert await editor.ghost() == "return a + b"
        await world.kill_engine()
        editor.type("return")
        assert await editor.ghost() == " a + b"
        client.inbox.take("window/logMessage")


async def test_a_hanging_engine_holds_up_neither_cancelling_nor_leaving(world):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        assert await ghost_is_back(client, 0) < BACK_WITHIN + 5
        os.kill(await world.engine_pid(), signal.SIGSTOP)
        editor = Editor(client, "x = 1\n" + FUNCTION)
        pending = editor.ask()
        assert (await editor.server_hash())["version"] == 1
        client.cancel(pending)
        with pytest.raises(RpcError) as caught:
            await client.answer(pending, 3.0)
        assert caught.value.code == -32800
        last = editor.ask()
        before = time.monotonic()
        assert await client.stop() == 0
        assert time.monotonic() - before < 5
        assert last.answer.done()


async def test_an_engine_that_cannot_start_is_an_error_in_the_status_line(world):
    world.runtime.write_text("not a folder")
    async with serving(world, {"model": world.fake(ADD)}) as client:
        assert await Editor(client, FUNCTION).items() == []
        failed = await client.wait_for_notification(
            "didChangeStatus", lambda params: params["kind"] == "Error"
        )
        assert str(world.runtime) in failed["message"]
        assert await Editor(client, FUNCTION).items() == []
        client.inbox.take("window/logMessage")


async def test_a_damaged_script_is_an_error_in_the_status_line(world):
    script = world.root / "broken.json"
    script.write_text("{", encoding="utf-8")
    async with serving(world, {"model": f"fake:{script}"}) as client:
        assert await Editor(client, FUNCTION).items() == []
        await client.wait_for_notification(
            "didChangeStatus", lambda params: params["kind"] == "Error"
        )
        client.inbox.take("window/logMessage")


@pytest.mark.parametrize("slow", ["load_ms", "prefill_ms"])
async def test_an_engine_that_ends_whenever_it_loads_or_computes_is_not_started_for_ever(
    world, slow
):
    options = {"model": world.fake(ADD, **{slow: 60000}), "completion": {"budgetMs": 60000}}
    async with serving(world, options) as client:
        if slow == "prefill_ms":
            await client.wait_for_notification("didChangeStatus", lambda params: not params["busy"])
        dead: set[int] = set()
        while len(dead) < TRIES:
            pending = Editor(client, FUNCTION).ask()
            pid = await computing(world)
            os.kill(pid, signal.SIGKILL)
            dead.add(pid)
            assert offered(await client.answer(pending)) == []
        failed = await client.wait_for_notification(
            "didChangeStatus", lambda params: params["kind"] == "Error"
        )
        assert f"ended {TRIES} times while it loaded" in failed["message"]
        assert await Editor(client, FUNCTION).items() == []
        assert await world.engines() == []
        client.inbox.take("window/logMessage")


async def computing(world: World) -> int:
    """Wait for an engine that loads its model, or was asked; return its process id.

    One that no server has reached yet is left alone: another takes its place, and nobody hears.
    """
    while True:
        for engine in await world.engines():
            if engine["clients"] and (engine["state"] == "loading" or engine["requests"]):
                pid: int = engine["pid"]
                return pid
        await asyncio.sleep(0.02)


async def test_two_servers_share_one_engine_and_outlive_it(world):
    options = {"model": world.fake(ADD)}
    async with serving(world, options) as one, serving(world, options) as other:
        for client in (one, other):
            assert await ghost_is_back(client, 0) < BACK_WITHIN + 5
        status = await world.engine_status()
        assert status["clients"] == 2
        os.kill(status["pid"], signal.SIGKILL)
        for client in (one, other):
            assert await ghost_is_back(client, 1) < BACK_WITHIN
        assert (await world.engine_status())["clients"] == 2
        for client in (one, other):
            client.inbox.take("window/logMessage")


async def test_servers_with_files_of_the_same_name_do_not_disturb_each_other(world):
    options = {"model": world.fake(SLOW, ADD, token_ms=10)}
    async with serving(world, options) as one, serving(world, options) as other:
        uri = "file:///project/same.py"
        editors = [Editor(one, FUNCTION, uri=uri), Editor(other, "x = 1\n" + FUNCTION, uri=uri)]
        for editor, pending in [(editor, editor.ask()) for editor in editors]:
            [item] = offered(await editor.client.answer(pending))
            assert editor.shown(item) == "return a + b"
