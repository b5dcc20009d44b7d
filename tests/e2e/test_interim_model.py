"""A small model answers until the one in use is loaded.

The scripted engine loads slowly here. Scripts are no models that `auto` chooses from, so a
`sitecustomize` module tells the server which one answers first.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from slm_lsp.models import catalog, record
from slm_lsp.models.record import Record
from tests.harness.client import PATIENCE
from tests.harness.editor import Editor
from tests.harness.world import TEST_MODEL, World, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.client import Client

FUNCTION = "def add(a, b):\n    |\n"
AFTER = FUNCTION.partition("|")[0]
SMALL = {"after": AFTER, "text": "return a + b\n"}
LARGE = {"after": AFTER, "text": "return sum((a, b))\n"}
LOAD_MS = 3000

OTHER_MODEL = "qwen2.5-coder-0.5b-instruct"


def customize(world: World, code: str) -> None:
    """Let every process of `world` run `code` when it starts."""
    folder = world.root / "customized"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
    world.env["PYTHONPATH"] = f"{folder}:{world.env['PYTHONPATH']}"


def answer_first(world: World, model: str, least: float = 0.0) -> None:
    """Let `model` answer first in `world`, with `least` as its `minConfidence`."""
    customize(
        world,
        "import msgspec\n"
        "from slm_lsp.server import session\n"
        "replace = msgspec.structs.replace\n"
        "def interim_settings(_, chosen):\n"
        f"    completion = replace(chosen.completion, min_confidence={least})\n"
        "    engine = replace(chosen.engine, sharing='private')\n"
        f"    return replace(chosen, model={model!r}, completion=completion, engine=engine)\n"
        "session.interim_settings = interim_settings\n",
    )


async def told(client: Client, *texts: str) -> Any:
    """Wait for a status that has all the `texts` in it."""
    return await client.wait_for_notification(
        "didChangeStatus", lambda params: all(text in params["message"] for text in texts)
    )


async def ghost_until(editor: Editor, wanted: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while await editor.ghost() != wanted:  # noqa: ASYNC110 (nothing tells of it)
            await asyncio.sleep(0.05)


async def gone(world: World, model: str) -> None:
    """Wait until no engine has the `model`."""
    async with asyncio.timeout(PATIENCE):
        while any(engine["model"] == model for engine in await world.engines()):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_the_small_model_answers_until_the_large_one_is_there(world):
    small, large = world.fake(SMALL), world.fake(LARGE, load_ms=LOAD_MS)
    answer_first(world, small)
    async with serving(world, {"model": large}) as client:
        editor = Editor(client, FUNCTION)
        assert await editor.ghost() == "return a + b"
        shown = await told(client, f"{small} answers", f"starting {large} (")
        assert shown["busy"]
        assert shown["kind"] == "Normal"
        assert {engine["model"] for engine in await world.engines()} == {small, large}
        assert (await told(client, f"{large} is ready"))["message"] == f"{large} is ready"
        # The same place of the same text: what the small model said of it does not count.
        assert await editor.ghost() == "return sum((a, b))"
        await gone(world, small)
        assert await editor.ghost() == "return sum((a, b))"


async def test_an_engine_that_runs_already_answers_alone(world):
    large = world.fake(LARGE)
    async with serving(world, {"model": large}) as client:
        assert await Editor(client, FUNCTION).ghost() == "return sum((a, b))"
        answer_first(world, world.fake(SMALL, token_ms=1))
        async with serving(world, {"model": large}) as other:
            assert await Editor(other, FUNCTION).ghost() == "return sum((a, b))"
            assert [engine["model"] for engine in await world.engines()] == [large]


@pytest.mark.parametrize(("small_least", "large_least"), [(0.9, 0.0), (0.0, 0.9)])
async def test_each_model_has_its_own_threshold(world, small_least, large_least):
    doubtful = -0.5  # a probability of 0.6 for the first word
    small = world.fake({**SMALL, "logprob": doubtful})
    large = world.fake({**LARGE, "logprob": doubtful}, load_ms=LOAD_MS)
    answer_first(world, small, small_least)
    settings = {"model": large, "completion": {"minConfidence": large_least}}
    async with serving(world, settings) as client:
        editor = Editor(client, FUNCTION)
        await told(client, f"{small} answers")
        assert bool(await editor.ghost()) == (not small_least)
        await told(client, f"{large} is ready")
        assert bool(await editor.ghost()) == (not large_least)


async def test_what_the_small_model_was_asked_is_still_answered(world):
    small = world.fake(SMALL, token_ms=400)
    large = world.fake(LARGE, load_ms=200)
    answer_first(world, small)
    settings = {"model": large, "completion": {"budgetMs": 60000}}
    async with serving(world, settings) as client:
        editor = Editor(client, FUNCTION)
        pending = editor.ask()
        await told(client, f"{large} is ready")
        items = (await client.answer(pending))["items"]
        assert [editor.shown(item) for item in items] == ["return a + b"]
        assert await editor.ghost() == "return sum((a, b))"


async def test_a_small_model_that_cannot_be_loaded_is_passed_over(world):
    answer_first(world, world.fake(load_error="The file is damaged."))
    async with serving(world, {"model": world.fake(LARGE)}) as client:
        await ghost_until(Editor(client, FUNCTION), "return sum((a, b))")


async def test_a_large_model_that_cannot_be_loaded_is_an_error(world):
    answer_first(world, world.fake(SMALL))
    large = world.fake(load_ms=500, load_error="The file is damaged.")
    async with serving(world, {"model": large}) as client:
        editor = Editor(client, FUNCTION)
        assert await editor.ghost() == "return a + b"
        assert (await told(client, "The file is damaged."))["kind"] == "Error"
        assert await editor.items() == []
        client.inbox.take("window/logMessage")


async def test_a_small_model_whose_engine_is_killed_answers_again(world):
    small = world.fake(SMALL)
    answer_first(world, small)
    async with serving(world, {"model": world.fake(LARGE, load_ms=20_000)}) as client:
        editor = Editor(client, FUNCTION)
        assert await editor.ghost() == "return a + b"
        [pid] = [engine["pid"] for engine in await world.engines() if engine["model"] == small]
        os.kill(pid, signal.SIGKILL)
        await ghost_until(Editor(client, FUNCTION), "return a + b")


async def test_other_settings_end_the_use_of_the_small_model(world):
    answer_first(world, world.fake(SMALL))
    large = world.fake(LARGE, load_ms=LOAD_MS)
    async with serving(world, {"model": large}) as client:
        editor = Editor(client, FUNCTION)
        assert await editor.ghost() == "return a + b"
        settings = {"slm-lsp": {"model": large, "completion": {"maxTokens": 32}}}
        client.notify("workspace/didChangeConfiguration", {"settings": settings})
        await told(client, f"{large} is ready")
        assert await editor.ghost() == "return sum((a, b))"


async def test_a_server_that_leaves_while_it_loads_leaves_no_small_model_behind(world):
    small = world.fake(SMALL)
    answer_first(world, small)
    async with serving(world, {"model": world.fake(LARGE, load_ms=LOAD_MS)}) as client:
        assert await Editor(client, FUNCTION).ghost() == "return a + b"
    await gone(world, small)


@pytest.fixture
def slow_world() -> Iterator[World]:
    """A world with two models that `auto` chooses from, both of one file; one loads slowly."""
    world = World(test_model=True)
    source = record.place(TEST_MODEL)
    folder = world.root / "store" / OTHER_MODEL
    folder.mkdir()
    found = msgspec.json.decode((source / "record.json").read_bytes(), type=Record)
    (folder / found.used.file).symlink_to(source / found.used.file)
    content = {
        "name": OTHER_MODEL,
        "origin": "here",
        "licence": "",
        "files": [json.loads(msgspec.json.encode(found.used))],
        "in_use": found.in_use,
    }
    (folder / "record.json").write_text(json.dumps(content), encoding="utf-8")
    customize(
        world,
        "import time\n"
        "from slm_lsp import models as store\n"
        "from slm_lsp.models.selection import interim, machine_speed\n"
        "interim.read_seconds = lambda _: 60.0\n"
        "machine_speed.known = lambda: 16e9\n"
        "check = store.check\n"
        "def check_slowly(model, **options):\n"
        f"    if model.name == {OTHER_MODEL!r}:\n"
        "        time.sleep(4)\n"
        "    check(model, **options)\n"
        "store.check = check_slowly\n",
    )
    yield world
    world.close()


@pytest.mark.model
async def test_auto_lets_the_small_model_answer_first(slow_world):
    assert catalog.find(OTHER_MODEL).auto
    settings = {"completion": {"budgetMs": 60000, "minConfidence": 0}}
    async with serving(slow_world, settings) as client:
        editor = Editor(client, FUNCTION)
        await told(client, f"starting {OTHER_MODEL}", f"{TEST_MODEL} answers")
        assert await editor.ghost()
        await told(client, f"{OTHER_MODEL} is ready")
        assert await editor.ghost()
