"""Buffers that are no ordinary files, workspaces of several folders, and a way out of an error."""

from __future__ import annotations

import pytest

from tests.harness.editor import Editor
from tests.harness.world import ADD, serving

FUNCTION = "def add(a, b):\n    |\n"


@pytest.mark.parametrize(
    ("uri", "offered"),
    [
        ("untitled:Untitled-1", True),
        ("file:///project/a%20b/x.py", True),
        ("vscode-vfs://github/a/b/x.py", True),
        ("git:/project/x.py?%7B%22ref%22%3A%22~%22%7D", False),
        ("gitlens://abc/x.py", False),
        ("fugitive:///project/.git//0/x.py", False),
        ("output:extension-output-slm-lsp", False),
        ("jar:///lib.jar!/X.java", False),
    ],
)
async def test_only_where_people_write(world, uri, offered):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        editor = Editor(client, FUNCTION, uri=uri)
        assert bool(await editor.items()) is offered
        assert (await editor.server_hash())["lines"] == 3


async def test_a_very_long_line_is_answered_without_a_completion(world):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        editor = Editor(client, "x = '" + "a" * 300_000 + "|'\n", language="javascript")
        assert await editor.items() == []
        editor.type("b")
        assert await editor.items() == []


async def test_what_could_not_be_loaded_can_be_tried_again(world):
    async with serving(world, {"model": "slm-fim-135m"}) as client:
        assert await Editor(client, FUNCTION).items() == []
        status = await client.wait_for_notification(
            "didChangeStatus", lambda params: params["kind"] == "Error"
        )
        command = status["command"]
        assert command["title"]
        params = {"command": command["command"], "arguments": []}
        assert await client.request("workspace/executeCommand", params) is None
        assert await Editor(client, FUNCTION).items() == []
        client.inbox.take("window/logMessage")
