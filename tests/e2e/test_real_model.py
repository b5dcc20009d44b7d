"""The default model with its real weights, from the handshake to ghost text."""

from __future__ import annotations

import ast
import asyncio
import time

import pytest

from tests.harness.client import Client
from tests.harness.editor import Editor
from tests.harness.world import REPOSITORY, World, initialize

pytestmark = pytest.mark.model

SOURCE = REPOSITORY / "slm_lsp" / "lines.py"


@pytest.fixture
def real_world():
    world = World(real_store=True)
    yield world
    world.close()


async def ghost_somewhere(client: Client, seconds: float) -> str:
    """Ask below one line after the other that opens a block, until something is offered."""
    lines = SOURCE.read_text(encoding="utf-8").splitlines(keepends=True)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for number, line in enumerate(lines):
            if line.endswith(":\n"):
                indent = " " * (len(line) - len(line.lstrip()) + 4)
                text = "".join(lines[: number + 1]) + indent
                editor = Editor(client, text, caret=len(text))
                if ghost := await editor.ghost():
                    return ghost
                editor.close()
        await asyncio.sleep(0.1)
    raise AssertionError(f"no ghost text within {seconds} s:\n{client.stderr}")


async def test_ghost_text_from_the_default_model_also_after_it_was_killed(real_world):
    client = await Client.start(real_world.env, "serve", "--stdio", cwd=real_world.project)
    try:
        await initialize(client, {})
        early = client.inbox.take("didChangeStatus")
        assert not any((s["kind"], s["busy"]) == ("Normal", False) for s in early)
        assert (await ghost_somewhere(client, 60)).strip()
        await real_world.kill_engine()
        assert (await ghost_somewhere(client, 60)).strip()
        client.inbox.take("window/logMessage")
        assert await client.stop() == 0
        client.check()
    finally:
        await client.close()


@pytest.mark.parametrize(
    ("name", "line"), [("body", "pass"), ("docstring", "def "), ("test", "def ")]
)
async def test_code_actions_with_the_default_model(real_world, name, line):
    text = SOURCE.read_text(encoding="utf-8")
    header = "def longest(lines: list[str]) -> int:\n"
    body = "    pass\n" if name == "body" else "    return max(len(line) for line in lines)\n"
    text += f"\n\n{header}{body}"
    client = await Client.start(real_world.env, "serve", "--stdio", cwd=real_world.project)
    try:
        resolves = {"codeAction": {"resolveSupport": {"properties": ["edit"]}}}
        await initialize(client, {}, capabilities={"textDocument": resolves})
        editor = Editor(client, text, caret=text.rindex(line))
        place = editor.buffer.position(editor.caret)
        params = {
            "textDocument": {"uri": editor.buffer.uri},
            "range": {"start": place, "end": place},
            "context": {"diagnostics": []},
        }
        await client.wait_for_notification(
            "didChangeStatus", lambda it: it["message"].endswith("is ready"), within=60
        )
        listed = await client.request("textDocument/codeAction", params)
        action = next(it for it in listed if it["kind"].endswith(f".{name}"))
        answer = await client.request("codeAction/resolve", action, within=60)
        [change] = answer["edit"]["changes"][editor.buffer.uri]
        start, end = (editor.buffer.offset(change["range"][side]) for side in ("start", "end"))
        made = text[:start] + change["newText"] + text[end:]
        assert ast.get_docstring(ast.parse(made).body[-1]) or name != "docstring"
        assert ("longest(" in change["newText"]) is (name == "test")
        assert await client.stop() == 0
        client.check()
    finally:
        await client.close()
