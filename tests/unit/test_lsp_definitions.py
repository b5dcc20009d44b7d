"""When the definitions that the model reads change, and when not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from slm_lsp.context.window import GRID_LINES
from slm_lsp.server import definitions as module
from slm_lsp.server.definitions import Definitions
from slm_lsp.server.documents import Buffer
from slm_lsp.text.document import Cursor, Document

BUFFER = Buffer(Document.of("\n" * 100, uri="file:///a.py", language="python"), None)
DATABASE = Path("/nothing")


class Lookups:
    """Stands in for the index: answers with its current text and counts."""

    def __init__(self) -> None:
        self.text = "# one\n"
        self.lines: list[int] = []

    def __call__(self, _database, _document, _syntax, cursor, _tokens) -> str:
        self.lines.append(cursor.line)
        return self.text


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> Lookups:
    lookups = Lookups()
    monkeypatch.setattr(module, "definition_lines", lookups)
    return lookups


async def at(definitions: Definitions, line: int) -> str:
    shown = definitions.above(BUFFER, Cursor(line, 0), DATABASE, 256)
    for _ in range(200):
        place = definitions._places[BUFFER.document.uri]
        if place.looking is None or place.looking.done():
            break
        await asyncio.sleep(0.005)
    return shown


async def test_what_is_not_found_yet_is_there_on_another_line(lookups):
    definitions = Definitions()
    assert await at(definitions, 3) == ""
    assert await at(definitions, 3) == ""
    assert await at(definitions, 4) == "# one\n"
    assert await at(definitions, 3) == "# one\n"


async def test_a_block_is_looked_up_once(lookups):
    definitions = Definitions()
    for line in (3, 4, 5, GRID_LINES - 1, 3):
        await at(definitions, line)
    assert lookups.lines == [3]
    await at(definitions, GRID_LINES)
    assert lookups.lines == [3, GRID_LINES]


async def test_another_block_changes_it_on_the_line_after(lookups):
    definitions = Definitions()
    await at(definitions, 3)
    lookups.text = "# two\n"
    assert await at(definitions, GRID_LINES) == "# one\n"
    assert await at(definitions, GRID_LINES) == "# one\n"
    assert await at(definitions, GRID_LINES + 1) == "# two\n"


async def test_a_change_of_the_index_is_noticed(lookups):
    definitions = Definitions()
    await at(definitions, 3)
    lookups.text = "# two\n"
    definitions.outdated()
    assert await at(definitions, 4) == "# one\n"
    assert await at(definitions, 5) == "# two\n"


async def test_an_error_leaves_what_was_there(lookups, monkeypatch):
    definitions = Definitions()
    await at(definitions, 3)

    def fail(*_: object) -> str:
        raise RuntimeError("secret code")

    monkeypatch.setattr(module, "definition_lines", fail)
    definitions.outdated()
    await at(definitions, 4)
    assert await at(definitions, 5) == "# one\n"


async def test_a_closed_document_is_forgotten(lookups):
    definitions = Definitions()
    await at(definitions, 3)
    definitions.forget(BUFFER.document.uri)
    assert await at(definitions, 4) == ""
    definitions.close()
