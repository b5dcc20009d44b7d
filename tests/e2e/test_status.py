"""`didChangeStatus`: what an editor shows about the server in its status line."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from tests.harness.editor import Editor
from tests.harness.world import ADD, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.harness.client import Client

FUNCTION = "def add(a, b):\n    |\n"
SLOW = {"after": "slow = ", "text": "1 + " * 20 + "1\n"}


async def status(client: Client, where: Callable[[Any], bool]) -> Any:
    return await client.wait_for_notification("didChangeStatus", where)


def ready(params: Any) -> bool:
    return (params["kind"], params["busy"]) == ("Normal", False)


def failed(params: Any) -> bool:
    return bool(params["kind"] == "Error")


async def test_loading_is_shown_and_ends(world):
    async with serving(world, {"model": world.fake(ADD, load_ms=500)}) as client:
        editor = Editor(client, FUNCTION)
        pending = editor.ask()
        loading = await status(client, lambda params: params["busy"])
        assert loading["message"]
        await status(client, ready)
        await client.answer(pending)


async def test_generating_is_busy(world):
    async with serving(world, {"model": world.fake(SLOW, ADD, token_ms=10)}) as client:
        assert await Editor(client, FUNCTION).ghost() == "return a + b"
        client.inbox.take("didChangeStatus")
        await Editor(client, "slow = |\n").items()
        busy = await status(client, lambda params: params["busy"])
        assert busy["kind"] == "Normal"
        await status(client, ready)


async def test_only_changes_are_sent_and_all_have_one_shape(world):
    async with serving(world, {"model": world.fake(SLOW, ADD, token_ms=5)}) as client:
        for text in (FUNCTION, "slow = |\n", FUNCTION):
            await Editor(client, text).items()
        sent = client.inbox.take("didChangeStatus")
        assert sent
        for params in sent:
            assert set(params) >= {"busy", "kind", "message"}
            assert isinstance(params["busy"], bool)
            assert params["kind"] in {"Normal", "Warning", "Error", "Inactive"}
            assert isinstance(params["message"], str)
        assert all(one != other for one, other in itertools.pairwise(sent))


async def test_a_model_that_cannot_be_loaded_is_an_error_with_its_reason(world):
    async with serving(world, {"model": world.fake(load_error="The file is damaged.")}) as client:
        editor = Editor(client, FUNCTION)
        assert await editor.items() == []
        assert "The file is damaged." in (await status(client, failed))["message"]
        assert await editor.items() == []
        client.inbox.take("window/logMessage")


async def test_a_model_that_is_not_installed_is_an_error_that_says_what_to_do(world):
    async with serving(world, {"model": "slm-fim-135m"}) as client:
        assert await Editor(client, FUNCTION).items() == []
        message = (await status(client, failed))["message"]
        assert "slm-fim-135m" in message
        assert "slm-lsp models pull" in message
        client.inbox.take("window/logMessage")


async def test_a_model_nobody_knows_is_an_error_that_names_it(world):
    async with serving(world, {"model": "no-such-model"}) as client:
        assert await Editor(client, FUNCTION).items() == []
        assert "no-such-model" in (await status(client, failed))["message"]
        client.inbox.take("window/logMessage")


async def test_choosing_a_working_model_clears_the_error(world):
    async with serving(world, {"model": "no-such-model"}) as client:
        assert await Editor(client, FUNCTION).items() == []
        await status(client, failed)
        settings = {"slm-lsp": {"model": world.fake(ADD)}}
        client.notify("workspace/didChangeConfiguration", {"settings": settings})
        await status(client, ready)
        assert await Editor(client, FUNCTION).ghost() == "return a + b"
        client.inbox.take("window/logMessage")


async def test_switched_off_is_inactive(world):
    async with serving(world, {"model": world.fake(ADD), "enabled": False}) as client:
        assert await Editor(client, FUNCTION).items() == []
        await status(client, lambda params: params["kind"] == "Inactive" and not params["busy"])
