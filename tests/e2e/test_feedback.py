"""What editors report back about ghost text, and messages this server does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.client import RpcError
from tests.harness.editor import Editor

if TYPE_CHECKING:
    from tests.harness.client import Client

pytestmark = pytest.mark.asyncio(loop_scope="module")

FUNCTION = "def add(a, b):\n    |\n"


async def assert_alive(client: Client) -> None:
    assert await Editor(client, FUNCTION).ghost() == "return a + b"


async def refusal(client: Client, method: str, params: object) -> int:
    with pytest.raises(RpcError) as caught:
        await client.request(method, params)
    return caught.value.code


async def test_showing_and_accepting_is_taken_silently(client):
    editor = Editor(client, FUNCTION)
    [item] = await editor.items()
    client.notify("textDocument/didShowCompletion", {"item": item})
    partly = {"item": item, "acceptedLength": 6}
    client.notify("textDocument/didPartiallyAcceptCompletion", partly)
    client.notify("textDocument/didFocus", {"textDocument": {"uri": editor.buffer.uri}})
    await editor.accept(item)
    await assert_alive(client)


@pytest.mark.parametrize("method", ["didShowCompletion", "didPartiallyAcceptCompletion"])
@pytest.mark.parametrize(
    "params",
    [
        None,
        {},
        [],
        {"item": None},
        {"item": {"insertText": "x"}},
        {"item": {}, "acceptedLength": -1},
    ],
)
async def test_feedback_of_any_shape_is_harmless(client, method, params):
    client.notify(f"textDocument/{method}", params)
    await assert_alive(client)
    client.inbox.take("window/logMessage")


async def test_accepting_twice_or_something_unknown_is_harmless(client):
    for name in ("no-such-id", "no-such-id"):
        params = {"command": "slm-lsp.accept", "arguments": [name]}
        assert await client.request("workspace/executeCommand", params) is None


@pytest.mark.parametrize("arguments", [None, [], [1, 2, 3], [{"a": 1}]])
async def test_wrong_arguments_of_the_command_are_refused_or_ignored(client, arguments):
    params = {"command": "slm-lsp.accept", "arguments": arguments}
    outcome: object
    try:
        outcome = await client.request("workspace/executeCommand", params)
    except RpcError as error:
        outcome = error.code
    assert outcome in (None, -32602)
    client.inbox.take("window/logMessage")


async def test_an_unknown_command_is_refused(client):
    assert await refusal(client, "workspace/executeCommand", {"command": "no.such"}) == -32602
    client.inbox.take("window/logMessage")


@pytest.mark.parametrize("method", ["no/such", "textDocument/hover", "$/no-such", "slm-lsp/no"])
async def test_an_unknown_request_is_refused(client, method):
    params = Editor(client, FUNCTION).buffer.inline_completion(0)
    assert await refusal(client, method, params) == -32601
    client.inbox.take("window/logMessage")


@pytest.mark.parametrize("method", ["$/setTrace", "$/no-such", "no/such", "textDocument/didSave"])
async def test_an_unknown_notification_is_ignored(client, method):
    client.notify(method, {})
    await assert_alive(client)
    client.inbox.take("window/logMessage")
