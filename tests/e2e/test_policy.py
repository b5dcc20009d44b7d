"""The administrator's file binds the real programs, whoever wants it otherwise."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.administrator import decree
from tests.harness.client import PATIENCE
from tests.harness.editor import Editor
from tests.harness.world import ADD, serving

if TYPE_CHECKING:
    from tests.harness.client import Client
    from tests.harness.world import World

FILE = "/etc/slm-lsp/policy.toml"
FUNCTION = "def add(a, b):\n    |\n"

NOT_MANUAL = {"completion": {"trigger": "automatic"}}
MANUAL = 'offline = true\n[locked-settings.completion]\ntrigger = "manual"\n'


async def said(client: Client, *words: str) -> str:
    """Take the warning with all `words` out of the inbox."""
    found = await client.wait_for_notification(
        "window/logMessage", lambda it: all(word in it["message"] for word in words)
    )
    return str(found["message"])


async def in_force(world: World) -> dict[str, dict[str, Any]]:
    finished = await world.cli("config", "show", "--json")
    assert finished.code == 0, finished
    return {one["name"]: one for one in json.loads(finished.stdout)["settings"]}


async def is_manual(client: Client) -> bool:
    editor = Editor(client, FUNCTION)
    return (await editor.ghost(invoked=False), await editor.ghost(invoked=True)) == (
        "",
        "return a + b",
    )


@pytest.mark.parametrize("spelling", ["when it starts", "later", "when it is asked"])
async def test_no_editor_undoes_what_is_locked(world: World, spelling: str):
    decree(world, MANUAL)
    settings = {"model": world.fake(ADD), "offline": False, **NOT_MANUAL}
    first = settings if spelling == "when it starts" else {"model": settings["model"]}
    pulls = {"workspace": {"configuration": True}} if spelling == "when it is asked" else {}
    async with serving(world, first, settings=settings, capabilities=pulls) as client:
        if spelling != "when it starts":
            later = {"slm-lsp": settings} if spelling == "later" else None
            client.notify("workspace/didChangeConfiguration", {"settings": later})
        for key in ("offline", "completion.trigger"):
            await said(client, f"editor: '{key}' is locked by {FILE}")
        client.inbox.take("window/logMessage")
        client.inbox.take("workspace/configuration")
        assert await is_manual(client)
        client.inbox.take("workspace/configuration")


async def test_no_file_and_no_variable_undoes_what_is_locked(world: World):
    decree(world, MANUAL)
    wanted = 'offline = false\n[completion]\ntrigger = "automatic"\n'
    (world.config / "slm-lsp" / "slm-lsp.toml").write_text(wanted, encoding="utf-8")
    (world.project / "slm-lsp.toml").write_text(wanted, encoding="utf-8")
    elsewhere = world.root / "elsewhere"
    (elsewhere / "slm-lsp").mkdir(parents=True)
    (elsewhere / "slm-lsp" / "policy.toml").write_text("offline = false\n", encoding="utf-8")
    for name in ("XDG_CONFIG_DIRS", "SLM_LSP_POLICY", "SLM_LSP_OFFLINE"):
        world.env[name] = str(elsewhere)
    found = await in_force(world)
    assert found["offline"] == {"name": "offline", "value": True, "source": FILE, "locked": True}
    assert found["completion.trigger"]["value"] == "manual"
    assert found["completion.trigger"]["locked"]
    assert not found["completion.menu"]["locked"]
    refused = await world.cli("models", "pull", "slm-fim-135m")
    assert refused.code == 1
    assert "cannot be fetched" in refused.stderr
    root = world.project.as_uri()
    async with serving(world, {"model": world.fake(ADD)}, rootUri=root) as client:
        await said(client, f"{world.project}/slm-lsp.toml: 'completion.trigger' is locked by")
        await said(client, "config/slm-lsp/slm-lsp.toml: 'offline' is locked by")
        await said(client, "'offline' may not be set by a project")
        assert await is_manual(client)


async def test_without_a_file_nothing_is_locked(world: World):
    assert not [one for one in (await in_force(world)).values() if one["locked"]]


async def test_a_model_that_is_not_allowed_is_not_run(world: World):
    decree(world, f'allowed-models = ["{"0" * 64}"]\n')
    async with serving(world, {"model": world.fake(ADD)}) as client:
        status = await client.wait_for_notification(
            "didChangeStatus", lambda it: it["kind"] == "Error"
        )
        assert f"{FILE} does not allow this model" in status["message"]
        assert await Editor(client, FUNCTION).items() == []
        client.inbox.take("window/logMessage")


@pytest.mark.parametrize("content", ["offline = ", "ofline = true\n"])
async def test_nothing_runs_while_the_file_cannot_be_used(world: World, content: str):
    decree(world, content)
    async with serving(world, {"model": world.fake(ADD)}) as client:
        await said(client, f"{FILE} cannot be used")
        status = await client.wait_for_notification(
            "didChangeStatus", lambda it: it["kind"] == "Error"
        )
        assert f"{FILE} cannot be used" in status["message"]
        assert await Editor(client, FUNCTION).items() == []
        assert world.processes() == [client.process.pid]
        decree(world, "")
        client.notify("workspace/didChangeConfiguration", {"settings": {"model": world.fake(ADD)}})
        async with asyncio.timeout(PATIENCE):  # settings are read from files first
            while await Editor(client, FUNCTION).ghost() != "return a + b":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    decree(world, content)
    refused = await world.cli("models", "list")
    assert (refused.code, refused.stdout) == (1, "")
    assert f"{FILE} cannot be used" in refused.stderr
