"""The early answer to `initialize` is the one pygls would give."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from slm_lsp.server.app import create
from slm_lsp.server.transport import handshake


def request(capabilities: Any, options: Any = None) -> bytes:
    params = {
        "processId": None,
        "rootUri": None,
        "capabilities": capabilities,
        "initializationOptions": options,
    }
    message = {"jsonrpc": "2.0", "id": 7, "method": "initialize", "params": params}
    return json.dumps(message).encode()


class Writer:
    def __init__(self) -> None:
        self.written: asyncio.Queue[bytes] = asyncio.Queue()

    def write(self, data: bytes) -> None:
        self.written.put_nowait(data)

    def close(self) -> None:
        pass


async def answer_of_pygls(body: bytes) -> Any:
    session, writer = create(), Writer()
    session.protocol.set_writer(writer)
    session.protocol.receive(body)
    async with asyncio.timeout(5):
        while "id" not in (
            message := json.loads((await writer.written.get()).split(b"\r\n\r\n")[1])
        ):
            pass  # warnings about the options
    await session.close()
    return message


CAPABILITIES: list[dict[str, Any]] = [
    {},
    {"general": {"positionEncodings": ["utf-8", "utf-16"]}},
    {"general": {"positionEncodings": ["utf-7", "utf-32"]}},
    {"general": {"positionEncodings": []}},
    {"textDocument": {"inlineCompletion": {"dynamicRegistration": True}}},
    {"notebookDocument": {"synchronization": {}}},
    {"workspace": {"configuration": True, "workspaceFolders": True}},
]


@pytest.mark.parametrize("capabilities", CAPABILITIES)
async def test_it_is_what_pygls_answers(capabilities: dict[str, Any]):
    early = handshake.reply_to(request(capabilities))
    assert early is not None
    number, framed = early
    header, body = framed.split(b"\r\n\r\n", 1)
    assert header == b"Content-Length: %d" % len(body)
    assert number == 7
    assert json.loads(body) == await answer_of_pygls(request(capabilities))


OPTIONS: list[tuple[Any, bool]] = [
    ({"completion": {"menu": True}}, True),
    ({"slm-lsp": {"completion": {"menu": True}}}, True),
    ({"completion": {"menu": False}}, False),
    ({"completion": {"menu": "yes"}}, False),
    ({"completion": []}, False),
    ({"slm-lsp": None}, False),
    ([], False),
    ("menu", False),
]


@pytest.mark.parametrize(("options", "advertised"), OPTIONS)
async def test_menus_are_answered_if_the_editor_says_so(options: Any, advertised: bool):
    early = handshake.reply_to(request({}, options))
    assert early is not None
    result = json.loads(early[1].split(b"\r\n\r\n", 1)[1])
    assert ("completionProvider" in result["result"]["capabilities"]) is advertised
    assert result == await answer_of_pygls(request({}, options))


async def test_it_is_given_once_and_nothing_overtakes_it():
    session, writer = create(), Writer()
    session.protocol.set_writer(writer)
    async with asyncio.timeout(5):
        await session.protocol.catch_up(request({}), 7)
    assert session.encoding == "utf-16"
    assert writer.written.empty()
    session.protocol.receive(request({}))
    assert b"initialized already" in await writer.written.get()
    await session.close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}',
        b'{"jsonrpc": "2.0", "method": "initialize", "params": {"capabilities": {}}}',
        b'{"jsonrpc": "2.0", "id": [], "method": "initialize", "params": {"capabilities": {}}}',
        b'{"jsonrpc": "1.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}',
        request(None),
        b"[" * 100_000,
    ],
)
def test_anything_else_is_left_to_those_who_know(body: bytes):
    assert handshake.reply_to(body) is None
