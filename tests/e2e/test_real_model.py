"""The default model with its real weights, from the handshake to ghost text."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.harness.client import Client
from tests.harness.editor import Editor
from tests.harness.world import REPOSITORY, World, initialize

pytestmark = pytest.mark.model

SOURCE = REPOSITORY / "slm_lsp" / "text" / "lines.py"


@pytest.fixture
def real_world():
    world = World(test_model=True)
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
