"""Open documents and their trees while somebody types."""

from __future__ import annotations

import asyncio

import pytest

from slm_lsp.server import documents as module
from slm_lsp.server.documents import Documents
from slm_lsp.syntax.syntax import (
    SHORT_LINES,
    PendingParse,
    Syntax,
    parse,
)
from slm_lsp.text.document import Cursor, Edit, Span
from tests.unit.marked import document
from tests.unit.test_syntax import shape

LONG = document("".join(f"def f{n}(a):\n    return [a, {n}]\n\n\n" for n in range(500)))
SHORT = document("def f(a):\n    return [a]\n")


@pytest.fixture
async def opened():
    made = Documents()
    yield made
    made.close_all()


def typed(documents: Documents, uri: str, line: int, text: str) -> None:
    for version, character in enumerate(text, 1):
        buffer = documents.get(uri)
        assert buffer is not None
        column = len(buffer.document.lines[line].rstrip("\n"))
        documents.edit(uri, Edit(Span.at(Cursor(line, column)), character), version)


@pytest.mark.parametrize("made", [LONG, SHORT], ids=["long", "short"])
async def test_a_tree_is_there_at_every_key_and_is_all_of_it_in_the_end(opened, made, monkeypatch):
    monkeypatch.setattr(module, "PARSE_LONG_AFTER_S", 0.05)
    monkeypatch.setattr(module, "PARSE_BUDGET_MS", 1000.0)
    opened.open(made)
    await opened.parsed(made.uri)
    line = len(made.lines) // 2 // 4 * 4 + 1
    for character in " + g(a)":
        typed(opened, made.uri, line, character)
        buffer = opened.get(made.uri)
        assert isinstance(buffer.parsed, PendingParse)
        near = opened.settle(buffer, line)
        assert isinstance(near, Syntax)
        assert near.document is buffer.document
        assert near.partial is (len(made.lines) > SHORT_LINES)
    await asyncio.sleep(0.2)
    await opened.parsed(made.uri)
    buffer = opened.get(made.uri)
    fresh = parse(buffer.document)
    assert isinstance(buffer.parsed, Syntax)
    assert isinstance(fresh, Syntax)
    assert shape(buffer.parsed) == shape(fresh)


async def test_an_older_snapshot_gets_its_own_tree(opened, monkeypatch):
    monkeypatch.setattr(module, "PARSE_BUDGET_MS", 1000.0)
    for made in (LONG, SHORT):
        opened.open(made)
        await opened.parsed(made.uri)
        typed(opened, made.uri, 1, " + 1")
        older = opened.get(made.uri)
        typed(opened, made.uri, 1, " + 2")
        settled = opened.settle(older, 1)
        assert isinstance(settled, Syntax)
        assert settled.document is older.document
