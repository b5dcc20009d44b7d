"""What the protocol library gets wrong if nothing is done about it.

Broken messages and headers, requests out of turn, exit codes and position encodings are traps too;
they are in `test_broken_messages`, `test_lifecycle` and `test_sync_and_positions`.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import pytest_asyncio

from tests.harness import wire
from tests.harness.client import Client, RpcError
from tests.harness.editor import Editor
from tests.harness.world import ADD, initialize, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

FUNCTION = "def add(a, b):\n    |\n"
SLOW = {"after": "slow = ", "text": "1 + " * 400 + "1\n"}


async def assert_alive(client: Client) -> None:
    assert await Editor(client, FUNCTION).ghost() == "return a + b"


class TestSlowWork:
    @pytest_asyncio.fixture(loop_scope="module")
    async def slow(self, world):
        async with serving(world, {"model": world.fake(SLOW, ADD, token_ms=30)}) as client:
            yield client

    async def test_many_running_requests_block_neither_input_nor_leaving(self, slow):
        editors = [Editor(slow, f"x = {n}\nslow = |\n") for n in range(24)]
        pending = [editor.ask() for editor in editors]
        before = time.monotonic()
        for editor in editors:
            assert (await editor.server_hash())["version"] == 1
        assert await slow.stop() == 0
        assert time.monotonic() - before < 5
        assert all(request.answer.done() for request in pending)

    async def test_a_request_cancelled_before_it_is_read_never_runs(self, slow):
        editor = Editor(slow, "slow = |\n")
        params = editor.buffer.inline_completion(editor.caret)
        pending = slow.expect("textDocument/inlineCompletion")
        request = {"jsonrpc": "2.0", "id": pending.id, "method": pending.method, "params": params}
        cancel = {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": pending.id}}
        slow.write(wire.encode(request) + wire.encode(cancel))
        with pytest.raises(RpcError) as caught:
            await slow.answer(pending, 5.0)
        assert caught.value.code == -32800
        await assert_alive(slow)


async def test_every_trace_value_is_taken(world):
    async with serving(world, {"model": world.fake(ADD)}, trace="verbose") as client:
        for value in ("messages", "off", "verbose"):
            client.notify("$/setTrace", {"value": value})
            await assert_alive(client)


async def test_inline_completion_is_advertised(world):
    client = await Client.start(world.env, "serve", cwd=world.project)
    try:
        capabilities = (await initialize(client, {"model": world.fake()}))["capabilities"]
        assert "inlineCompletionProvider" in capabilities
        assert await client.stop() == 0
        client.check()
    finally:
        await client.close()


@pytest.mark.parametrize(
    "arguments", [["--tcp"], ["--socket=4711"], ["--port", "4711"], ["--pipe=/x"], ["--ws"]]
)
async def test_there_is_no_way_to_serve_a_network(world, arguments):
    finished = await world.cli("serve", *arguments)
    assert finished.code == 2
    assert finished.stdout == ""
    assert "Traceback" not in finished.stderr


async def test_no_process_of_ours_has_a_network_socket(world):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        await assert_alive(client)
        processes = world.processes()
        assert client.process.pid in processes
        assert len(processes) == 2
        assert not internet_sockets(processes)


def internet_sockets(processes: list[int]) -> set[str]:
    """Return the sockets of the processes that are TCP or UDP, by their kernel numbers."""
    handles = [str(fd.readlink()) for pid in processes for fd in Path(f"/proc/{pid}/fd").iterdir()]
    ours = {name[8:-1] for name in handles if name.startswith("socket:[")}
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        rows = Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        found |= {row.split()[9] for row in rows} & ours
    return found


async def test_messages_under_the_size_limit_are_read(world):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        editor = Editor(client, "x" * 20_000_000, caret=0, language="plaintext")
        assert (await editor.server_hash())["lines"] == 1


async def test_a_long_parse_holds_up_neither_requests_nor_leaving(world):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        huge = Editor(client, "x = [1, (2, 3)]\n" * 400_000, caret=0)
        assert (await huge.server_hash())["version"] == 1
        before = time.monotonic()
        await assert_alive(client)
        assert await client.stop() == 0
        assert time.monotonic() - before < 5
