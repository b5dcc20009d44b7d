"""What becomes of requests for ghost text that nobody needs any more."""

from __future__ import annotations

import time

import pytest
import pytest_asyncio

from tests.harness.client import RpcError
from tests.harness.editor import Editor, offered
from tests.harness.world import ADD, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

FUNCTION = "def add(a, b):\n    |\n"

SLOW_WORDS = 100
SLOW = {"after": "slow = ", "text": "1 + " * SLOW_WORDS + "1\n"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def slow_server(shared_world):
    """A server whose model takes seconds after `slow = `."""
    model = shared_world.fake(SLOW, ADD, token_ms=30)
    async with serving(shared_world, {"model": model}) as client:
        yield client


@pytest.fixture
def slow(slow_server):
    yield slow_server
    slow_server.check()


async def test_a_newer_request_replaces_the_older(slow):
    editor = Editor(slow, "slow = |\n")
    older = editor.ask()
    editor.type("\n")
    newer = editor.ask()
    assert await slow.answer(older, 3.0) is None
    assert not newer.answer.done() or newer.answer.result() is not None
    assert await slow.answer(newer) is not None


async def test_only_the_last_of_many_requests_is_answered_with_items(slow):
    editor = Editor(slow, "|")
    requests = []
    for key in "def add(a, b):":
        editor.type(key)
        requests.append(editor.ask())
    editor.type("\n    ")
    last = editor.ask()
    assert [editor.shown(item) for item in offered(await slow.answer(last))] == ["return a + b"]
    for request in requests:
        assert offered(await slow.answer(request, 1.0)) == []


async def test_the_same_question_twice_is_answered_twice(slow):
    editor = Editor(slow, "x = 5\n" + FUNCTION)
    older, newer = editor.ask(), editor.ask()
    assert [editor.shown(item) for item in offered(await slow.answer(newer))] == ["return a + b"]
    assert offered(await slow.answer(older, 1.0)) in ([], offered(newer.answer.result()))


async def test_requests_for_different_documents_do_not_replace_each_other(slow):
    editors = [Editor(slow, f"x = {n}\n" + FUNCTION) for n in range(4)]
    pending = [editor.ask() for editor in editors]
    for editor, request in zip(editors, pending, strict=True):
        [item] = offered(await slow.answer(request))
        assert editor.shown(item) == "return a + b"


async def test_a_cancelled_request_ends_at_once_and_frees_the_model(slow):
    editor = Editor(slow, "slow = |\n")
    pending = editor.ask()
    await slow.wait_for_notification("didChangeStatus", lambda status: status["busy"])
    before = time.monotonic()
    slow.cancel(pending)
    with pytest.raises(RpcError) as caught:
        await slow.answer(pending)
    assert caught.value.code == -32800
    assert await Editor(slow, "x = 6\n" + FUNCTION).ghost() == "return a + b"
    assert time.monotonic() - before < SLOW_WORDS * 0.030


async def test_cancelling_what_is_not_running_is_ignored(slow):
    editor = Editor(slow, FUNCTION)
    pending = editor.ask()
    assert offered(await slow.answer(pending)) != []
    slow.cancel(pending)
    slow.cancel(pending)
    for unknown in (99_999, "no-such"):
        slow.notify("$/cancelRequest", {"id": unknown})
    assert (await editor.server_hash())["version"] == 1


async def test_closing_the_document_answers_its_request(slow):
    editor = Editor(slow, "slow = |\n")
    pending = editor.ask()
    editor.close()
    assert offered(await slow.answer(pending, 3.0)) == []
