"""Messages that no editor should send, and some do: an error, but no popup and no silence."""

from __future__ import annotations

import json

import pytest

from tests.harness import wire
from tests.harness.client import NO_ID, Client, RpcError
from tests.harness.editor import Editor, offered
from tests.harness.world import serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

FUNCTION = "def add(a, b):\n    |\n"
LIMIT = 256 * 1024 * 1024
"""Bytes of the largest message that is read."""


async def assert_alive(client: Client) -> None:
    assert await Editor(client, FUNCTION).ghost() == "return a + b"


async def refusal(client: Client, body: bytes, request_id: int | str) -> int:
    """Send a request as raw bytes that must be answered with an error; return its code."""
    pending = client.expect("raw", request_id)
    client.write(wire.frame(body))
    with pytest.raises(RpcError) as caught:
        await client.answer(pending)
    client.inbox.take("window/logMessage")
    return caught.value.code


def inline(**changes: object) -> dict[str, object]:
    """Return the params of a good request for ghost text, with `changes`; None takes a key out."""
    params: dict[str, object] = {
        "textDocument": {"uri": "file:///project/a.py"},
        "position": {"line": 0, "character": 0},
        "context": {"triggerKind": 2},
        **changes,
    }
    return {key: value for key, value in params.items() if value is not None}


class TestBrokenMessages:
    @pytest.mark.parametrize(
        "params",
        [
            None,
            [],
            {},
            inline(position=None),
            inline(position={"line": 0}),
            inline(position={"line": "x", "character": 0}),
            inline(position={"line": -1, "character": 0}),
            inline(position={"line": 2**40, "character": 0}),
            inline(textDocument=None),
            inline(textDocument={}),
            inline(context={"triggerKind": 99}),
            inline(context={"triggerKind": "Invoked"}),
            inline(context=None),
        ],
        ids=json.dumps,
    )
    async def test_bad_params_are_refused_without_a_popup(self, client, params):
        name = f"bad-{json.dumps(params)}"
        method = "textDocument/inlineCompletion"
        message = {"jsonrpc": "2.0", "id": name, "method": method, "params": params}
        assert await refusal(client, json.dumps(message).encode(), name) == -32602
        await assert_alive(client)

    @pytest.mark.parametrize(
        ("method", "params"),
        [
            ("textDocument/didOpen", {"textDocument": {"uri": "file:///a.py"}}),
            ("textDocument/didOpen", None),
            ("textDocument/didChange", {"textDocument": {"uri": "file:///a.py", "version": 2}}),
            ("textDocument/didChange", {"contentChanges": "x"}),
            ("textDocument/didClose", 5),
            ("$/cancelRequest", {}),
            ("$/cancelRequest", {"id": [1]}),
            ("$/setTrace", {"value": "loud"}),
            ("initialized", 5),
            ("textDocument/didSave", {"x": 1}),
        ],
    )
    async def test_bad_notifications_are_ignored_without_a_popup(self, client, method, params):
        client.notify(method, params)
        await assert_alive(client)
        client.inbox.take("window/logMessage")

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"nonsense",
            b"\xff\xfe",
            b'{"jsonrpc": "2.0", "id": 5, "method": ',
        ],
    )
    async def test_what_is_not_json_is_reported_as_unreadable(self, client, body):
        client.write(wire.frame(body))
        error = await client.wait_for_notification(NO_ID)
        assert error["code"] == -32700
        await assert_alive(client)
        client.inbox.take("window/logMessage")

    @pytest.mark.parametrize("body", [b"42", b"null", b"[]", b'"text"', b"{}", b'"\xed\xa0\x80"'])
    async def test_what_is_no_message_is_refused(self, client, body):
        client.write(wire.frame(body))
        error = await client.wait_for_notification(NO_ID)
        assert error["code"] == -32600
        await assert_alive(client)
        client.inbox.take("window/logMessage")

    async def test_a_request_of_another_protocol_version_is_refused(self, client):
        body = b'{"id": "old", "method": "shutdown"}'
        assert await refusal(client, body, "old") == -32600
        await assert_alive(client)

    @pytest.mark.parametrize("depth", [100_000])
    async def test_deep_nesting_is_refused(self, client, depth):
        client.write(wire.frame(b"[" * depth + b"]" * depth))
        error = await client.wait_for_notification(NO_ID)
        assert error["code"] in (-32700, -32600)
        await assert_alive(client)
        client.inbox.take("window/logMessage")

    async def test_an_answer_nobody_asked_for_is_ignored(self, client):
        client.write(wire.encode({"jsonrpc": "2.0"}))
        for extra in ({}, {"result": None}, {"error": {"code": 1, "message": "no"}}):
            client.write(wire.encode({"jsonrpc": "2.0", "id": "never-asked", **extra}))
        await assert_alive(client)
        client.inbox.take("window/logMessage")

    async def test_ids_may_be_strings(self, client):
        editor = Editor(client, FUNCTION)
        params = editor.buffer.inline_completion(editor.caret)
        pending = client.send("textDocument/inlineCompletion", params, "a string")
        assert [editor.shown(item) for item in offered(await client.answer(pending))] != []


class TestHeaders:
    async def assert_read(self, client: Client, template: str) -> None:
        """Send a request whose headers are `template`, with `%d` for the body's length."""
        editor = Editor(client, FUNCTION)
        pending = client.expect("slm-lsp/documentHash")
        message = {"jsonrpc": "2.0", "id": pending.id, "method": pending.method}
        body = json.dumps({**message, "params": {"uri": editor.buffer.uri}}).encode()
        client.write((template % len(body)).encode() + b"\r\n\r\n" + body)
        assert (await client.answer(pending, 5.0))["version"] == 1

    @pytest.mark.parametrize("header", ["content-length", "CONTENT-LENGTH", "Content-length"])
    async def test_their_case_does_not_matter(self, client, header):
        await self.assert_read(client, f"{header}: %d")

    @pytest.mark.parametrize(
        "template",
        [
            "Content-Length: %d\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8",
            "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: %d",
            "Content-Length:%d",
        ],
    )
    async def test_others_may_stand_before_and_after(self, client, template):
        await self.assert_read(client, template)

    @pytest.mark.parametrize(
        "length", [str(LIMIT + 1), "9" * 30, "-5", "many", "", "0x10"], ids=lambda text: f"<{text}>"
    )
    async def test_a_length_that_cannot_be_read_ends_the_server_cleanly(self, world, length):
        async with serving(world, {"model": world.fake()}) as client:
            client.write(f"Content-Length: {length}\r\n\r\n{{}}".encode())
            assert await client.wait_exit(5.0) == 1
            client.inbox.take("window/logMessage")

    async def test_a_missing_length_ends_the_server_cleanly(self, world):
        async with serving(world, {"model": world.fake()}) as client:
            client.write(b"Content-Type: x\r\n\r\n{}")
            assert await client.wait_exit(5.0) == 1
            client.inbox.take("window/logMessage")

    async def test_a_header_without_end_ends_the_server_cleanly(self, world):
        async with serving(world, {"model": world.fake()}) as client:
            client.write(b"x" * 10_000_000)
            assert await client.wait_exit(5.0) == 1
            client.inbox.take("window/logMessage")
            client.inbox.take(NO_ID)
