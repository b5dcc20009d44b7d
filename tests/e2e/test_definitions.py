"""What other files of the workspace define reaches the model, from an index kept up to date."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.editor import Editor
from tests.harness.world import World, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.harness.client import Client

APP = "#\nfrom shop.cart import Cart\n\n\ndef main(cart: Cart):\n    |\n"
PROMPT = "def main(cart: Cart):\n    "
KNOWS = [
    {"after": PROMPT, "contains": "#     def pay(self) -> None:", "text": "cart.pay()\n"},
    {"after": PROMPT, "contains": "# shop/cart.py\n# class Cart", "text": "cart.total()\n"},
    {"after": PROMPT, "text": "cart.guess()\n"},
]
WATCHING = {"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}}


@pytest.fixture
def cart(world: World) -> Path:
    path = world.project / "shop" / "cart.py"
    path.parent.mkdir()
    path.write_text("class Cart:\n    def total(self) -> float: ...\n")
    return path


@asynccontextmanager
async def open_project(
    world: World, tokens: int = 256, **params: Any
) -> AsyncIterator[tuple[Client, Editor]]:
    options = {
        "model": world.fake(*KNOWS),
        "context": {"definitionTokens": tokens},
        "completion": {"prefetch": False},
    }
    folders = [{"uri": world.project.as_uri(), "name": "project"}]
    params = {"rootUri": world.project.as_uri(), "workspaceFolders": folders, **params}
    async with serving(world, options, **params) as client:
        yield client, Editor(client, APP, uri=(world.project / "app.py").as_uri())


async def comes(editor: Editor, ghost: str, within: float = 60.0) -> None:
    """Type into the comment above and come back, as often as it takes until `ghost` is offered."""
    deadline = time.monotonic() + within
    while (shown := await editor.ghost()) != ghost:
        assert time.monotonic() < deadline, f"{shown!r} and never {ghost!r}"
        caret, editor.caret = editor.caret, 1
        editor.type("x")
        await editor.items()
        editor.caret = caret + 1
        await asyncio.sleep(0.05)


async def test_a_definition_in_another_file_reaches_the_model(world, cart):
    async with open_project(world) as (_, editor):
        await comes(editor, "cart.total()")


async def test_nothing_is_indexed_when_it_is_switched_off(world, cart):
    async with open_project(world, tokens=0) as (client, editor):
        assert await editor.ghost() == "cart.guess()"
        await asyncio.sleep(0.5)
        assert await editor.ghost() == "cart.guess()"
        assert not (world.root / "cache" / "slm-lsp" / "index").exists()
        settings = {"model": world.fake(*KNOWS), "context": {"definitionTokens": 256}}
        client.notify("workspace/didChangeConfiguration", {"settings": {"slm-lsp": settings}})
        await comes(editor, "cart.total()")


async def test_what_is_shown_does_not_change_on_a_line(world, cart):
    async with open_project(world) as (_, editor):
        first = await editor.ghost()
        for _ in range(10):
            assert await editor.ghost() == first
            await asyncio.sleep(0.1)


async def test_saving_a_file_updates_the_index(world, cart):
    async with open_project(world) as (client, editor):
        await comes(editor, "cart.total()")
        cart.write_text("class Cart:\n    def pay(self) -> None: ...\n")
        client.notify("textDocument/didSave", {"textDocument": {"uri": cart.as_uri()}})
        await comes(editor, "cart.pay()")


async def test_files_are_watched_where_the_client_can(world, cart):
    async with open_project(world, capabilities=WATCHING) as (client, editor):
        asked = await client.wait_for_notification("client/registerCapability")
        [registration] = asked["registrations"]
        assert registration["method"] == "workspace/didChangeWatchedFiles"
        patterns = {it["globPattern"] for it in registration["registerOptions"]["watchers"]}
        assert {"**/*.py", "**/*.ts", "**/.gitignore", "**/.slm-lsp-ignore"} <= patterns
        await comes(editor, "cart.total()")
        cart.unlink()
        changes = {"changes": [{"uri": cart.as_uri(), "type": 3}]}
        client.notify("workspace/didChangeWatchedFiles", changes)
        await comes(editor, "cart.guess()")


async def test_an_ignore_file_takes_effect_at_once(world, cart):
    async with open_project(world) as (client, editor):
        await comes(editor, "cart.total()")
        ignore = world.project / ".gitignore"
        ignore.write_text("shop/\n")
        changes = {"changes": [{"uri": ignore.as_uri(), "type": 1}]}
        client.notify("workspace/didChangeWatchedFiles", changes)
        await comes(editor, "cart.guess()")


async def test_folders_come_and_go(world, cart):
    project = {"uri": world.project.as_uri(), "name": "project"}
    async with open_project(world, workspaceFolders=[], rootUri=None) as (client, editor):
        assert await editor.ghost() == "cart.guess()"
        event = {"added": [project], "removed": []}
        client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        await comes(editor, "cart.total()")
        event = {"added": [], "removed": [project]}
        client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        await comes(editor, "cart.guess()")


async def test_a_workspace_behind_a_link(world, cart):
    link = world.root / "link"
    link.symlink_to(world.project)
    folders = [{"uri": link.as_uri(), "name": "project"}]
    async with open_project(world, workspaceFolders=folders) as (client, _):
        editor = Editor(client, APP, uri=(link / "app.py").as_uri())
        await comes(editor, "cart.total()")
        cart.write_text("class Cart:\n    def pay(self) -> None: ...\n")
        saved = {"textDocument": {"uri": (link / "shop" / "cart.py").as_uri()}}
        client.notify("textDocument/didSave", saved)
        await comes(editor, "cart.pay()")


async def test_a_long_first_index_shows_how_far_it_is(world, cart):
    for at in range(3000):
        (world.project / f"m{at}.py").write_text("def f(): ...\n" * 20)
    capabilities = {"window": {"workDoneProgress": True}}
    async with open_project(world, capabilities=capabilities) as (client, _):
        created = await client.wait_for_notification("window/workDoneProgress/create", within=60)

        async def progress(kind: str) -> Any:
            return await client.wait_for_notification(
                "$/progress",
                lambda it: it["token"] == created["token"] and it["value"]["kind"] == kind,
                within=60,
            )

        assert (await progress("begin"))["value"]["title"] == "Indexing project"
        assert (await progress("end"))["value"]["message"] == "3001 files"


async def test_the_server_leaves_no_process_behind(world, cart):
    async with open_project(world) as (_, editor):
        await comes(editor, "cart.total()")
        assert any(map(is_indexer, world.processes()))
    await asyncio.sleep(0.5)
    assert not any(map(is_indexer, world.processes()))


async def test_two_windows_on_one_workspace(world, cart):
    async with open_project(world) as (_, one), open_project(world) as (client, other):
        await comes(one, "cart.total()")
        await comes(other, "cart.total()")
        cart.write_text("class Cart:\n    def pay(self) -> None: ...\n")
        client.notify("textDocument/didSave", {"textDocument": {"uri": cart.as_uri()}})
        await comes(other, "cart.pay()")


def is_indexer(pid: int) -> bool:
    try:
        return b"slm_lsp.index.indexer" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
