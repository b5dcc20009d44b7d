"""Notebooks: cells see the cells above, and positions count from the cell's own start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.harness.world import serving

if TYPE_CHECKING:
    from tests.harness.client import Client

NOTEBOOK = "file:///project/report.ipynb"
REPLIES = (
    {"after": "import 𝕏numbers as nb\ntotal = nb.", "text": "total()\n"},
    {"after": "sum = 1\n# again\ntotal = nb.", "text": "after_change()\n"},
    {"after": "\ntotal = nb.", "text": "without_import()\n"},
    {"after": "import 𝕏numbers as nb\n", "text": "print(nb)\n"},
)
SYNC: dict[str, Any] = {"notebookDocument": {"synchronization": {}}}


def cell_uri(number: int) -> str:
    return f"vscode-notebook-cell:/project/report.ipynb#W{number}sZ"


def text_item(number: int, language: str, text: str) -> dict[str, Any]:
    return {"uri": cell_uri(number), "languageId": language, "version": 1, "text": text}


def cell(number: int, kind: int = 2) -> dict[str, Any]:
    return {"kind": kind, "document": cell_uri(number)}


def edit_text(client: Client, number: int, edit: dict[str, Any]) -> None:
    document = {"uri": cell_uri(number), "version": 2}
    change(client, textContent=[{"document": document, "changes": [edit]}])


def open_notebook(client: Client, *texts: tuple[str, str]) -> None:
    cells = [cell(n, 2 if language != "markdown" else 1) for n, (language, _) in enumerate(texts)]
    params = {
        "notebookDocument": {
            "uri": NOTEBOOK,
            "notebookType": "jupyter-notebook",
            "version": 1,
            "cells": cells,
        },
        "cellTextDocuments": [text_item(n, *it) for n, it in enumerate(texts)],
    }
    client.notify("notebookDocument/didOpen", params)


def change(client: Client, **cells: Any) -> None:
    document = {"uri": NOTEBOOK, "version": 2}
    params = {"notebookDocument": document, "change": {"cells": cells}}
    client.notify("notebookDocument/didChange", params)


async def ghost(client: Client, number: int, line: int, character: int) -> str:
    params = {
        "textDocument": {"uri": cell_uri(number)},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 2},
    }
    answer = await client.request("textDocument/inlineCompletion", params)
    if not answer["items"]:
        return ""
    [item] = answer["items"]
    assert item["range"]["start"] == {"line": line, "character": character}
    text: str = item["insertText"]
    return text


CELLS = (
    ("python", "import 𝕏numbers as nb"),
    ("markdown", "# Numbers"),
    ("sql", "SELECT 1"),
    ("python", "total = nb."),
)


async def test_a_cell_sees_the_code_above_in_its_language(world):
    async with serving(world, {"model": world.fake(*REPLIES)}, capabilities=SYNC) as client:
        open_notebook(client, *CELLS)
        assert await ghost(client, 3, 0, 11) == "total()"


async def test_an_empty_cell_below_others_is_offered_something(world):
    async with serving(world, {"model": world.fake(*REPLIES)}, capabilities=SYNC) as client:
        open_notebook(client, *CELLS[:3], ("python", ""))
        assert await ghost(client, 3, 0, 0) == "print(nb)"


async def test_a_change_above_is_seen_below(world):
    async with serving(world, {"model": world.fake(*REPLIES)}, capabilities=SYNC) as client:
        open_notebook(client, *CELLS)
        assert await ghost(client, 3, 0, 11) == "total()"
        edit = {"text": "sum = 1\n# again"}
        edit_text(client, 0, edit)
        assert await ghost(client, 3, 0, 11) == "after_change()"


async def test_cells_come_and_go(world):
    async with serving(world, {"model": world.fake(*REPLIES)}, capabilities=SYNC) as client:
        open_notebook(client, ("python", "import os"), ("python", "x = 1\ntotal = nb."))
        assert await ghost(client, 1, 1, 11) == "without_import()"
        new = {"array": {"start": 1, "deleteCount": 0, "cells": [cell(7)]}}
        change(client, structure={**new, "didOpen": [text_item(7, "python", CELLS[0][1])]})
        new = {"array": {"start": 2, "deleteCount": 1, "cells": [cell(8)]}}
        change(
            client,
            structure={
                **new,
                "didOpen": [text_item(8, "python", "total = nb.")],
                "didClose": [{"uri": cell_uri(1)}],
            },
        )
        assert await ghost(client, 8, 0, 11) == "total()"
        closed = [{"uri": cell_uri(n)} for n in (0, 7, 8)]
        params = {"notebookDocument": {"uri": NOTEBOOK}, "cellTextDocuments": closed}
        client.notify("notebookDocument/didClose", params)
        request = {
            "textDocument": {"uri": cell_uri(8)},
            "position": {"line": 0, "character": 1},
            "context": {"triggerKind": 2},
        }
        assert await client.request("textDocument/inlineCompletion", request) is None


async def test_typing_in_a_cell_uses_its_own_positions(world):
    async with serving(world, {"model": world.fake(*REPLIES)}, capabilities=SYNC) as client:
        open_notebook(client, *CELLS[:3], ("python", "total = n"))
        at = {"line": 0, "character": 9}
        edit = {"range": {"start": at, "end": at}, "text": "b."}
        edit_text(client, 3, edit)
        assert await ghost(client, 3, 0, 11) == "total()"
