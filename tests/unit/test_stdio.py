"""Frames out of a stream, however it is cut and whatever it contains."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.lsp.stdio import MAX_BODY, MAX_HEADER, BadFrame, frames


def read(stream: bytes, size: int = 7) -> list[bytes]:
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    return list(frames(lambda: chunks.pop(0) if chunks else b""))


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
