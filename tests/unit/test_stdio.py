"""Frames out of a stream, however it is cut and whatever it contains."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.server.transport.stdio import (
    MAX_BODY,
    MAX_HEADER,
    BadFrame,
    Stdin,
)


def written(descriptor: int, stream: bytes, size: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # who reads may have seen enough
        for at in range(0, len(stream), size):
            os.write(descriptor, stream[at : at + size])
    os.close(descriptor)


def read(stream: bytes, size: int = 7) -> list[bytes]:
    """Return all messages that a pipe has."""
    source, target = os.pipe()
    threading.Thread(target=written, args=(target, stream, size)).start()
    stdin, bodies = Stdin(source), []
    try:
        while (body := stdin.next()) is not None:
            bodies.append(body)
    finally:
        os.close(source)
    return bodies


async def heard(stdin: Stdin) -> list[bytes]:
    """Return all messages that come to a loop."""
    bodies: list[bytes] = []
    ended = asyncio.Event()
    stdin.listen(asyncio.get_running_loop(), bodies.append, ended.set)
    async with asyncio.timeout(10):
        await ended.wait()
    return bodies


def frame(body: bytes, header: bytes = b"Content-Length") -> bytes:
    return header + b": " + str(len(body)).encode() + b"\r\n\r\n" + body


@given(st.lists(st.binary(max_size=50), max_size=5), st.integers(1, 64))
def test_bodies_come_out_whole_however_the_stream_is_cut(bodies: list[bytes], size: int):
    assert read(b"".join(map(frame, bodies)), size) == bodies


@pytest.mark.parametrize("header", [b"content-length", b"CONTENT-LENGTH", b"Content-Length "])
def test_header_names_have_no_case(header: bytes):
    assert read(frame(b"{}", header)) == [b"{}"]


def test_other_headers_are_ignored():
    stream = b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n" + frame(b"{}")
    assert read(stream) == [b"{}"]


@pytest.mark.parametrize(
    "stream",
    [
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: x\r\n\r\n",
        b"Nothing: 3\r\n\r\nabc",
        b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1),
        b"x" * (MAX_HEADER + 10),
    ],
)
def test_a_broken_stream_is_refused(stream: bytes):
    with pytest.raises(BadFrame):
        read(stream)


@pytest.mark.parametrize("stream", [b"", b"Content-Le", b"Content-Length: 9\r\n\r\nabc"])
def test_an_end_in_the_middle_is_an_end(stream: bytes):
    assert read(stream) == []


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=5), st.integers(1, 64))
def test_a_loop_hears_what_follows_the_first(bodies: list[bytes], size: int):
    source, target = os.pipe()
    threading.Thread(target=written, args=(target, b"".join(map(frame, bodies)), size)).start()
    stdin = Stdin(source)
    try:
        assert stdin.next() == bodies[0]
        assert asyncio.run(heard(stdin)) == bodies[1:]
    finally:
        os.close(source)


@pytest.mark.parametrize("end", [b"", b"Content-Length: x\r\n\r\n"])
def test_a_loop_hears_a_file_to_its_end(end: bytes):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "messages"
        path.write_bytes(frame(b"1") + frame(b"2") + frame(b"3") + end)
        with path.open("rb") as file:
            stdin = Stdin(file.fileno())
            assert stdin.next() == b"1"
            assert asyncio.run(heard(stdin)) == [b"2", b"3"]
