"""The user's code goes to the model and back to the editor, and nowhere else."""

from __future__ import annotations

import json
import os
import random
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness import wire
from tests.harness.client import NO_ID, RpcError
from tests.harness.editor import Editor
from tests.harness.world import serving
from tests.unit.planted import KINDS, plant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.client import Client
    from tests.harness.world import World

SECRET = "xyzzy_marker_4711"
REPLY = {"after": f"{SECRET} = ", "text": f"{SECRET} + one\n"}
FILE = f"# {SECRET}\n{SECRET} = |\n\nafter = {SECRET}\n"


def places_with(world: World, secret: str) -> Iterator[Path]:
    """Yield files the server may have written that hold `secret`; the model's script is ours."""
    for path in world.root.rglob("*"):
        ours = path.parent == world.root and path.name.startswith("script")
        if not ours and path.is_file() and secret.encode() in path.read_bytes():
            yield path


def command_lines(world: World) -> str:
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in world.processes()]
    return b"\n".join(lines).decode()


async def everything_that_can_go_wrong(client: Client, world: World) -> None:
    editor = Editor(client, FILE)
    assert await editor.ghost() == f"{SECRET} + one"
    editor.type(SECRET)
    client.cancel(editor.ask())
    method = "textDocument/inlineCompletion"
    for params in ({SECRET: 1}, {"textDocument": {"uri": "x"}, "position": SECRET}):
        with pytest.raises(RpcError):
            await client.request(method, params)
    opening = {"textDocument": {"text": FILE, "uri": "file:///x.py", "version": SECRET}}
    client.notify("textDocument/didOpen", opening)
    changes = [{"text": SECRET, "range": SECRET}]
    client.notify("textDocument/didChange", {"textDocument": {}, "contentChanges": changes})
    client.write(wire.frame(f'{{"jsonrpc": "2.0", "text": "{SECRET}'.encode()))
    await client.wait_for_notification(NO_ID)
    with pytest.raises(RpcError):
        await client.request(f"no/{SECRET}", {"text": SECRET})
    command = {"command": f"no.{SECRET}", "arguments": [SECRET]}
    with pytest.raises(RpcError):
        await client.request("workspace/executeCommand", command)
    pending = Editor(client, FILE.replace("one", "two")).ask()
    os.kill(await world.engine_pid(), signal.SIGKILL)
    await client.answer(pending)


@pytest.mark.parametrize("trace", ["off", "verbose"])
async def test_code_is_in_no_log_no_file_and_no_command_line(world, trace):
    model = world.fake(REPLY, token_ms=2)
    async with serving(world, {"model": model}, trace=trace) as client:
        await everything_that_can_go_wrong(client, world)
        assert await Editor(client, FILE.replace("after", "again")).items() is not None
        assert SECRET not in command_lines(world)
        said = [json.dumps([note.method, note.params]) for note in client.inbox.notes]
        client.inbox.take("window/logMessage")
    assert [line for line in said if SECRET in line] == []
    assert SECRET not in client.stderr
    assert list(places_with(world, SECRET)) == []


async def test_a_settings_problem_does_not_repeat_a_wrong_value(world):
    options = {"model": world.fake(), "enabled": SECRET, "completion": {"maxTokens": SECRET}}
    async with serving(world, options) as client:
        for _ in range(2):
            logged = await client.wait_for_notification("window/logMessage")
            assert SECRET not in logged["message"]
    assert SECRET not in client.stderr


async def test_the_socket_is_for_this_user_alone(world):
    async with serving(world, {"model": world.fake(REPLY)}) as client:
        assert await Editor(client, FILE).ghost() == f"{SECRET} + one"
        assert world.runtime.stat().st_mode & 0o077 == 0
        sockets = [path for path in world.runtime.iterdir() if path.is_socket()]
        assert sockets
        assert all(path.stat().st_mode & 0o077 == 0 for path in sockets)


async def test_a_workspace_of_secrets_leaves_no_trace(world):
    chance = random.Random(42)
    planted = [plant(KINDS[number % len(KINDS)], chance) for number in range(100)]
    env = "\n".join(f"export KEY_{number}={secret}" for number, (secret, _) in enumerate(planted))
    async with serving(world, {"model": world.fake(default="value\n")}) as client:
        for number, (secret, text) in enumerate(planted[:40]):
            uri = (world.project / f"file{number}.py").as_uri()
            editor = Editor(client, f"import os\n{text}\nx = |\n", uri=uri)
            assert await editor.items()
            editor.type(secret[:5])
            await editor.items()
        secret_file = Editor(client, env + "\nexport LAST=|", uri=(world.project / ".env").as_uri())
        assert await secret_file.items() == []
        report = await client.wait_for_notification(
            "slm-lsp/timings", lambda it: it["uri"] == secret_file.buffer.uri
        )
        assert report["dropped"] == "a file of secrets"
        said = [json.dumps([note.method, note.params]) for note in client.inbox.notes]
        client.inbox.take("window/logMessage")
    parts = {part for secret, _ in planted for part in secret.split("\n")}
    assert not [part for part in parts if part in client.stderr or any(part in it for it in said)]
    assert not [part for part in parts if list(places_with(world, part))]
