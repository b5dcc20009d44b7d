"""Messages over a pair of sockets, however they are cut on their way."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.errors import EngineLost
from slm_lsp.inference import protocol
from slm_lsp.inference.framing import MAX_MESSAGE, FramedConnection
from slm_lsp.inference.protocol import (
    Cancel,
    Query,
    Stop,
    ToEngine,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DECODER = msgspec.msgpack.Decoder(protocol.ToEngine)


def framed(message: ToEngine) -> bytes:
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(4, "big") + body


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[FramedConnection[ToEngine], socket.socket]]:
    """Yield a wire and the other end of it."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_unix_connection(lambda: FramedConnection(DECODER), sock=ours)
    yield wire, theirs
    wire.close()
    theirs.close()
    await asyncio.sleep(0)


@given(st.lists(st.integers(0, 2**40)), st.lists(st.integers(0, 400)))
def test_messages_arrive_whole_however_they_are_cut(ids: list[int], cuts: list[int]) -> None:
    async def arrived() -> list[ToEngine]:
        stream = b"".join(framed(Cancel(number)) for number in ids)
        async with connected() as (wire, _):
            places = sorted({0, len(stream), *(it for it in cuts if it < len(stream))})
            for start, end in pairwise(places):
                wire.data_received(stream[start:end])
            return [await wire.next() for _ in ids]

    assert asyncio.run(arrived()) == [Cancel(number) for number in ids]


async def test_several_messages_leave_in_one_piece():
    async with connected() as (wire, other):
        wire.send([Cancel(1), Cancel(2)])
        assert other.recv(1024) == framed(Cancel(1)) + framed(Cancel(2))


async def test_a_listener_hears_what_came_before_it_and_the_end_once():
    heard: list[ToEngine | str] = []
    async with connected() as (wire, other):
        other.send(framed(Cancel(1)) + framed(Query()))
        assert await wire.next() == Cancel(1)
        wire.listen(heard.append, lambda: heard.append("lost"))
        other.send(framed(Stop()))
        other.close()
        while "lost" not in heard:  # noqa: ASYNC110 (no event from there)
            await asyncio.sleep(0.01)
    assert heard == [Query(), Stop(), "lost"]


async def test_a_listener_that_comes_after_the_end_hears_of_it():
    heard: list[ToEngine | str] = []
    async with connected() as (wire, other):
        other.send(framed(Stop()))
        other.close()
        while not wire.closed:  # noqa: ASYNC110 (no event from there)
            await asyncio.sleep(0.01)
        wire.listen(heard.append, lambda: heard.append("lost"))
    assert heard == [Stop(), "lost"]


@pytest.mark.parametrize(
    "junk",
    [
        b"\x00\x00\x00\x03abc",
        (MAX_MESSAGE + 1).to_bytes(4, "big"),
        b"GET / HTTP/1.1\r\n",
        b"\x00\x00\x00\x00",
    ],
)
async def test_who_does_not_speak_the_protocol_is_let_go(junk: bytes):
    async with connected() as (wire, other):
        other.send(framed(Query()) + junk + framed(Stop()))
        assert await wire.next() == Query()
        with pytest.raises(EngineLost):
            await asyncio.wait_for(wire.next(), 10)


async def test_sending_to_who_is_gone_is_no_error():
    async with connected() as (wire, other):
        other.close()
        with pytest.raises(EngineLost):
            await asyncio.wait_for(wire.next(), 10)
        wire.send([Cancel(1)])
