"""The engine process from its socket: what a client that misbehaves can and cannot do."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.errors import EngineLost
from slm_lsp.inference import protocol
from slm_lsp.inference.client.admin import running, stop
from slm_lsp.inference.client.launch import launch
from slm_lsp.inference.endpoint import EngineOptions, runtime_dir, socket_path
from slm_lsp.inference.framing import FramedConnection
from slm_lsp.inference.protocol import (
    Cancel,
    Generate,
    Hello,
    Prompt,
    Query,
    RequestFinished,
    State,
    Status,
    Stop,
    Welcome,
)
from slm_lsp.inference.worker.loading import STEPS, in_steps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ToClientWire = FramedConnection[protocol.ToClient]
DECODER = msgspec.msgpack.Decoder(protocol.ToClient)


@asynccontextmanager
async def engine(tmp_path: Path, script: str = '{"default": "a b c", "token_ms": 5}'):
    """Run an engine on a scripted model; yields the path of its socket."""
    model = tmp_path / "script.json"
    model.write_text(script, encoding="utf-8")
    options = EngineOptions(f"fake:{model}", "", 1, 512, 60.0)
    process = launch(options)
    path = socket_path(options)
    try:
        async with asyncio.timeout(20):
            while not await listens(path):  # noqa: ASYNC110 (no event from there)
                await asyncio.sleep(0.02)
        yield path
        if await listens(path):
            await stop(path)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 10)


async def listens(path: Path) -> bool:
    try:
        async with connected(path):
            return True
    except (OSError, EngineLost):
        return False


async def opened(path: Path) -> ToClientWire:
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_unix_connection(lambda: FramedConnection(DECODER), str(path))
    return wire


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[ToClientWire]:
    wire = await opened(path)
    wire.send([Hello(protocol.PROTOCOL)])
    assert isinstance(await wire.next(), Welcome)
    yield wire
    wire.close()


async def finished(wire: ToClientWire) -> RequestFinished:
    async with asyncio.timeout(10):
        while True:
            message = await wire.next()
            if isinstance(message, RequestFinished):
                return message


def request(number: int, document: str = "a") -> Generate:
    return Generate(number, document, Prompt("a.py", "python", "x", ""), 10)


async def test_a_request_cancelled_before_it_began_still_ends(tmp_path: Path):
    async with engine(tmp_path) as path, connected(path) as wire:
        wire.send([request(1), Cancel(1)])
        assert await finished(wire) == RequestFinished(1, "cancelled")
        wire.send([request(2)])
        assert (await finished(wire)).id == 2


async def test_another_protocol_is_told_so_and_let_go(tmp_path: Path):
    async with engine(tmp_path) as path:
        wire = await opened(path)
        wire.send([Hello("0.0.1+9")])
        welcome = await wire.next()
        assert isinstance(welcome, Welcome)
        assert welcome.protocol == protocol.PROTOCOL
        with pytest.raises(EngineLost):
            await wire.next()


@pytest.mark.parametrize(
    "junk", [b"\xff\xff\xff\xff", b"\x00\x00\x00\x03abc", b"GET / HTTP/1.1\r\n"]
)
async def test_junk_ends_its_own_connection_only(tmp_path: Path, junk: bytes):
    async with engine(tmp_path) as path, connected(path) as wire:
        bad_reader, bad_writer = await asyncio.open_unix_connection(path)
        bad_writer.write(junk)
        async with asyncio.timeout(10):
            assert await bad_reader.read() == b""
        bad_writer.close()
        wire.send([request(1)])
        assert (await finished(wire)).reason == "done"


async def test_a_client_that_vanishes_frees_the_model(tmp_path: Path):
    script = '{"default": "a b c d e f g h i j", "token_ms": 2000}'
    async with engine(tmp_path, script) as path:
        async with connected(path) as wire:
            wire.send([request(1)])
            await asyncio.sleep(0.2)
        async with connected(path) as wire:
            wire.send([Query()])
            async with asyncio.timeout(10):
                while not isinstance(status := await wire.next(), Status):
                    pass
            assert (status.clients, status.requests) == (0, 1)


async def test_reading_from_an_engine_that_left_is_an_error(tmp_path: Path):
    async with engine(tmp_path) as path, connected(path) as wire:
        await stop(path)
        with pytest.raises(EngineLost):
            await finished(wire)
        async with engine(tmp_path):
            pass  # another one starts at the same place


async def test_a_load_that_fails_as_nobody_foresaw_ends_the_engine_and_hangs_nobody(
    tmp_path: Path,
):
    model = tmp_path / "script.json"
    model.write_text('{"load_ms": -1}', encoding="utf-8")  # which no clock can wait for
    process = launch(EngineOptions(f"fake:{model}", "", 1, 512, 60.0))
    assert await asyncio.to_thread(process.wait, 20) == 1


async def test_an_engine_that_leaves_while_it_is_asked_is_not_running(tmp_path: Path):
    path = runtime_dir() / "leaving.sock"
    server = await asyncio.start_unix_server(lambda _, writer: writer.close(), path)
    try:
        async with engine(tmp_path):
            assert len(await running()) == 1
    finally:
        server.close()
        path.unlink()


async def states_until(wire: ToClientWire, kind: str) -> list[State]:
    """Return the states that a client hears until one of `kind`, that one too."""
    heard: list[State] = []
    while not heard or heard[-1].kind != kind:
        async with asyncio.timeout(10):
            message = await wire.next()
        if isinstance(message, State):
            heard.append(message)
    return heard


async def test_a_load_tells_its_progress(tmp_path: Path):
    async with engine(tmp_path, '{"load_ms": 2000}') as path, connected(path) as wire:
        loading = (await states_until(wire, "ready"))[:-1]
        told = [state.progress for state in loading]
        assert told == sorted(set(told))
        assert told[-1] == pytest.approx(0.9)
        assert {state.kind for state in loading} == {"loading"}


async def test_the_last_that_is_told_of_a_load_given_up_is_that_it_stopped(tmp_path: Path):
    async with engine(tmp_path, '{"load_ms": 2000}') as path, connected(path) as wire:
        wire.send([Stop()])
        await states_until(wire, "stopped")
        with pytest.raises(EngineLost):
            await states_until(wire, "ready")


@given(st.lists(st.floats(0, 1)).map(sorted))
def test_progress_is_told_in_steps_that_grow(shares: list[float]):
    told: list[float] = []
    progress = in_steps(told.append)
    for share in shares:
        progress(share)
    assert told == sorted(set(told))
    assert len(told) <= STEPS
    assert all(share in (step / STEPS for step in range(1, STEPS + 1)) for share in told)
    if shares:
        assert max(told, default=0.0) <= shares[-1] < max(told, default=0.0) + 1.01 / STEPS
