"""What an editor is sent, and that a closed document leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

from slm_lsp.completion.answers import Answers
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.worker.fake import FakeModel, Script
from slm_lsp.inference.worker.scheduler import Scheduler
from slm_lsp.server.app import create
from slm_lsp.server.engines import Answering
from slm_lsp.server.handlers import answering
from slm_lsp.server.handlers.inline_completion import inline_completion
from slm_lsp.server.handlers.sync import did_close, did_open
from slm_lsp.text.document import Document

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from slm_lsp.server.session import Session

URI = "untitled:one"
TEXT = "x = 1\n" * 50 + "total = "


class Nowhere:
    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


@asynccontextmanager
async def a_session(
    monkeypatch: pytest.MonkeyPatch, written: str = "first + second\n"
) -> AsyncIterator[Session]:
    session = create()
    session.protocol.set_writer(Nowhere())
    engine: Any = Scheduler(FakeModel(Script(default=written)), AbortFlag())
    answers = Answers()
    with_model = property(lambda here: Answering(here.settings, answers, engine))
    monkeypatch.setattr(type(session), "answering", with_model)
    params: dict[str, object] = {"processId": None, "capabilities": {}, "rootUri": None}
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    session.protocol.receive(json.dumps(message).encode())
    async with asyncio.timeout(10):  # its settings are read in a thread
        while not hasattr(session.protocol, "server_capabilities"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    yield session
    await session.close()
    answers.close()
    await engine.close()


def snapshots() -> list[Document]:
    """Return what is in memory of the document."""
    gc.collect()
    return [it for it in gc.get_objects() if isinstance(it, Document) and it.uri == URI]


def question() -> Any:
    context = types.InlineCompletionContext(types.InlineCompletionTriggerKind.Automatic)
    place = types.Position(50, 8)
    return types.InlineCompletionParams(context, types.TextDocumentIdentifier(URI), place)


@pytest.mark.parametrize("wait_s", [0.0, 0.002, 0.01, 0.06])
async def test_nothing_is_kept_of_a_document_closed_after_its_answer(
    monkeypatch: pytest.MonkeyPatch, wait_s: float
):
    monkeypatch.setattr(answering, "AFTERWARDS_S", 0.005)
    async with a_session(monkeypatch) as session:
        item = types.TextDocumentItem(URI, "python", 1, TEXT)
        did_open(session, types.DidOpenTextDocumentParams(item))
        answer = await inline_completion(session, question())
        assert answer is not None
        assert [it.insert_text for it in answer.items] == ["first + second"]
        await asyncio.sleep(wait_s)
        did_close(session, types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(URI)))
        await asyncio.sleep(0.4)
        assert not snapshots()
        assert not session.expected
        assert not session.preparing


async def test_nothing_is_offered_for_a_document_closed_meanwhile(monkeypatch: pytest.MonkeyPatch):
    async with a_session(monkeypatch) as session:
        item = types.TextDocumentItem(URI, "python", 1, TEXT)
        did_open(session, types.DidOpenTextDocumentParams(item))
        asked = asyncio.create_task(inline_completion(session, question()))
        await asyncio.sleep(0.001)
        did_close(session, types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(URI)))
        assert await asked is None


async def test_what_is_sent_has_line_feeds_alone(monkeypatch: pytest.MonkeyPatch):
    async with a_session(monkeypatch, "a = 1\n    return a\n") as session:
        item = types.TextDocumentItem(URI, "python", 1, "x = 1\r\n" * 49 + "def f():\r\n    ")
        did_open(session, types.DidOpenTextDocumentParams(item))
        context = types.InlineCompletionContext(types.InlineCompletionTriggerKind.Automatic)
        where = types.TextDocumentIdentifier(URI)
        place = types.Position(50, 4)
        answer = await inline_completion(
            session, types.InlineCompletionParams(context, where, place)
        )
        assert answer is not None
        assert [it.insert_text for it in answer.items] == ["a = 1\n    return a"]
