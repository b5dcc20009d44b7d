"""Starting, the handshake, and every way an editor or a system ends a server."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import asynccontextmanager, suppress

import pytest

import slm_lsp
from tests.harness.client import Client, RpcError
from tests.harness.editor import Editor
from tests.harness.world import ADD, initialize, serving

SLOW = {"after": "slow", "text": "word " * 400}


@asynccontextmanager
async def started(world, *args):
    client = await Client.start(world.env, *args, cwd=world.project)
    try:
        yield client
        client.check()
    finally:
        await client.close()


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("serve",),
        ("--stdio",),
        ("serve", "--stdio"),
        ("--clientProcessId", str(os.getpid())),
        ("--stdio", f"--clientProcessId={os.getpid()}"),
        ("serve", "--stdio", "--clientProcessId", str(os.getpid())),
    ],
    ids=" ".join,
)
async def test_every_way_to_launch_it_serves(world, args):
    async with serving(world, {"model": world.fake()}, args=args) as client:
        assert await client.stop() == 0


async def test_it_says_who_it_is_and_what_it_can(world):
    async with started(world) as client:
        result = await initialize(client, {"model": world.fake()})
        assert result["serverInfo"] == {"name": "slm-lsp", "version": slm_lsp.__version__}
        capabilities = result["capabilities"]
        assert capabilities["inlineCompletionProvider"] not in (None, False)
        assert capabilities["textDocumentSync"]["openClose"] is True
        assert capabilities["textDocumentSync"]["change"] == 2
        assert "slm-lsp.accept" in capabilities["executeCommandProvider"]["commands"]
        assert await client.stop() == 0


async def test_version_is_printed(world):
    finished = await world.cli("--version")
    assert (finished.code, finished.stdout.split()[-1]) == (0, slm_lsp.__version__)


async def test_a_slow_model_does_not_hold_up_the_handshake(world):
    async with started(world) as client:
        before = time.monotonic()
        await initialize(client, {"model": world.fake(load_ms=20_000)})
        Editor(client, "x = 1\n")
        assert time.monotonic() - before < 10
        assert await client.stop() == 0


async def test_requests_before_the_handshake_are_refused(world):
    async with started(world) as client:
        for method in ("shutdown", "textDocument/inlineCompletion", "no/such"):
            with pytest.raises(RpcError) as caught:
                await client.request(method)
            assert caught.value.code == -32002
        client.notify("textDocument/didOpen", {"nonsense": True})
        await initialize(client, {"model": world.fake()})
        assert await client.stop() == 0


async def test_a_second_handshake_is_refused(world):
    async with serving(world, {"model": world.fake()}) as client:
        with pytest.raises(RpcError) as caught:
            await client.request("initialize", {"processId": None, "capabilities": {}})
        assert caught.value.code == -32600


async def test_leaving_without_waiting_for_any_answer_gets_every_answer(world):
    async with started(world) as client:
        handshake = client.send("initialize", {"processId": None, "capabilities": {}})
        client.notify("initialized", {})
        editor = Editor(client, "x = 1\ny = ")
        asked, shutdown = editor.ask(), client.send("shutdown")
        client.notify("exit")
        assert await client.wait_exit() == 0
        assert (await client.answer(handshake))["serverInfo"]["name"] == "slm-lsp"
        with suppress(RpcError):  # cancelled by the shutdown, or answered before it
            await client.answer(asked)
        assert await client.answer(shutdown) is None


async def test_requests_after_shutdown_are_refused(world):
    async with serving(world, {"model": world.fake()}) as client:
        editor = Editor(client, "x = 1\n")
        await client.request("shutdown")
        for method in ("textDocument/inlineCompletion", "shutdown"):
            with pytest.raises(RpcError) as caught:
                await client.request(method, editor.buffer.inline_completion(0))
            assert caught.value.code == -32600
        client.notify("exit")
        assert await client.wait_exit() == 0


async def test_exit_without_shutdown_is_a_failure(world):
    async with serving(world, {"model": world.fake()}) as client:
        client.notify("exit")
        assert await client.wait_exit() == 1


async def test_exit_before_the_handshake_is_a_failure(world):
    async with started(world) as client:
        client.notify("exit")
        assert await client.wait_exit() == 1


@pytest.mark.parametrize(("shutdown", "code"), [(True, 0), (False, 1)])
async def test_the_end_of_input_ends_it(world, shutdown, code):
    async with serving(world, {"model": world.fake()}) as client:
        if shutdown:
            await client.request("shutdown")
        client.end_input()
        assert await client.wait_exit() == code


async def test_the_end_of_input_in_the_middle_of_a_message_ends_it(world):
    async with serving(world, {"model": world.fake()}) as client:
        client.write(b'Content-Length: 1000\r\n\r\n{"jsonrpc": "2.0", ')
        client.end_input()
        assert await client.wait_exit() == 1


async def test_sigterm_ends_it(world):
    async with serving(world, {"model": world.fake(SLOW, token_ms=50)}) as client:
        editor = Editor(client, "slow")
        editor.ask()
        await client.wait_for_notification("didChangeStatus", lambda status: status["busy"])
        client.process.send_signal(signal.SIGTERM)
        before = time.monotonic()
        assert await client.wait_exit() in (0, 143, -signal.SIGTERM)
        assert time.monotonic() - before < 3  # about a second on an idle machine
        client.forgive()


async def test_it_leaves_when_the_editor_is_gone(world):
    sleeper = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import time; time.sleep(60)"
    )
    async with serving(world, {"model": world.fake()}, processId=sleeper.pid) as client:
        sleeper.kill()
        await sleeper.wait()
        assert await client.wait_exit() == 1


async def test_it_leaves_when_the_editor_named_on_the_command_line_is_gone(world):
    sleeper = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import time; time.sleep(60)"
    )
    async with started(world, "serve", "--clientProcessId", str(sleeper.pid)) as client:
        await initialize(client, {"model": world.fake()}, processId=None)
        sleeper.kill()
        await sleeper.wait()
        assert await client.wait_exit() == 1


async def test_an_editor_without_process_id_is_fine(world):
    async with serving(world, {"model": world.fake(ADD)}, processId=None) as client:
        assert await Editor(client, "def add(a, b):\n    |\n").ghost() == "return a + b"


async def test_running_requests_are_answered_before_it_leaves(world):
    async with serving(world, {"model": world.fake(SLOW, token_ms=50)}) as client:
        pending = [Editor(client, "slow").ask() for _ in range(3)]
        before = time.monotonic()
        assert await client.stop() == 0
        assert time.monotonic() - before < 5
        for request in pending:
            assert request.answer.done()


async def test_nothing_is_left_behind_but_the_shared_engine(world):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        assert await Editor(client, "def add(a, b):\n    |\n").ghost() == "return a + b"
        engine = await world.engine_pid()
    assert world.processes() == [engine]
    assert (await world.cli("engine", "stop")).code == 0
    for _ in range(100):
        if not world.processes():
            break
        await asyncio.sleep(0.05)
    assert world.processes() == []


async def test_a_private_engine_leaves_with_its_server(world):
    options = {"model": world.fake(ADD), "engine": {"sharing": "private"}}
    async with serving(world, options) as client:
        assert await Editor(client, "def add(a, b):\n    |\n").ghost() == "return a + b"
        assert len(world.processes()) > 1
    for _ in range(100):
        if not world.processes():
            break
        await asyncio.sleep(0.05)
    assert world.processes() == []
