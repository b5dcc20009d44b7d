"""`textDocument/completion`: what editors without ghost text get, where their users ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.client import Client
from tests.harness.editor import Editor
from tests.harness.world import ADD, initialize, serving

if TYPE_CHECKING:
    from tests.harness.world import World

REPLIES = (
    ADD,
    {"after": "def add(a, b):\n    retu", "text": "rn a + b\n"},
    {"after": "naïve𝕏 = val", "text": "ue + 1\n"},
    {"after": "def twice(x):\n", "text": "    y = x\n    return y + y\n"},
)
MENU = {"completion": {"menu": True}}
DYNAMIC = {"textDocument": {"completion": {"dynamicRegistration": True}}}
REGISTER, UNREGISTER = "client/registerCapability", "client/unregisterCapability"


def options(world: World, **more: Any) -> dict[str, Any]:
    return {"model": world.fake(*REPLIES), **MENU, **more}


async def menu(editor: Editor, kind: int = 1) -> list[Any]:
    params = editor.buffer.completion(editor.caret, kind)
    answer = await editor.client.request("textDocument/completion", params)
    return [] if answer is None else list(answer["items"])


def put_in(editor: Editor, item: Any) -> str:
    """Return the file's text once `item` is chosen."""
    edit = item["textEdit"]
    start, end = (editor.buffer.offset(edit["range"][side]) for side in ("start", "end"))
    assert start <= editor.caret <= end
    new: str = edit["newText"]
    return editor.text[:start] + new + editor.text[end:]


async def test_one_item_says_it_all(world):
    async with serving(world, options(world)) as client:
        editor = Editor(client, "def add(a, b):\n    |\n")
        [item] = await menu(editor)
        assert item["label"] == "return a + b"
        assert put_in(editor, item) == "def add(a, b):\n    return a + b\n"
        assert item["sortText"] > "zebra"
        assert not item.get("preselect")
        assert item["insertTextFormat"] == 1
        answer = await client.request(
            "textDocument/completion", editor.buffer.completion(editor.caret)
        )
        assert answer["isIncomplete"] is True


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_the_word_before_the_cursor_is_part_of_the_item(world, encoding):
    async with serving(world, options(world), encodings=[encoding]) as client:
        editor = Editor(client, "naïve𝕏 = val|\n")
        [item] = await menu(editor)
        assert item["filterText"].startswith("val")
        assert put_in(editor, item) == "naïve𝕏 = value + 1\n"


async def test_a_block_has_its_first_line_as_label_and_shows_the_rest(world):
    async with serving(world, options(world)) as client:
        editor = Editor(client, "def twice(x):\n|")
        [item] = await menu(editor)
        assert item["label"] == "y = x"
        assert "return y + y" in item["documentation"]
        assert item["insertTextMode"] == 1
        assert put_in(editor, item).startswith("def twice(x):\n    y = x\n    return y + y")


async def test_choosing_it_runs_the_accept_command(world):
    async with serving(world, options(world)) as client:
        [item] = await menu(Editor(client, "def add(a, b):\n    |\n"))
        command = item["command"]
        params = {"command": command["command"], "arguments": command["arguments"]}
        assert await client.request("workspace/executeCommand", params) is None


async def test_a_replaced_request_is_null_and_ghost_text_is_not_touched_by_it(world):
    slow = world.fake(*REPLIES, token_ms=30)
    async with serving(world, {"model": slow, **MENU}) as client:
        editor = Editor(client, "def add(a, b):\n    |\n")
        assert await menu(editor)
        editor = Editor(client, "def add(a, b):\n    |\n")
        params = editor.buffer.completion(editor.caret)
        first = client.send("textDocument/completion", params)
        ghost = editor.ask()
        second = client.send("textDocument/completion", params)
        assert await client.answer(first) is None
        assert (await client.answer(second))["items"]
        assert (await client.answer(ghost))["items"]


async def test_on_demand_only_letters_and_dots_open_nothing(world):
    manual = {"completion": {"menu": True, "trigger": "manual"}}
    async with serving(world, {"model": world.fake(*REPLIES), **manual}) as client:
        editor = Editor(client, "def add(a, b):\n    |\n")
        assert await menu(editor, kind=2) == []
        assert await menu(editor, kind=3) == []
        assert len(await menu(editor, kind=1)) == 1


async def test_without_the_setting_nothing_is_advertised_or_offered(world):
    client = await Client.start(world.env, "serve", "--stdio", cwd=world.project)
    result = await initialize(client, {"model": world.fake(*REPLIES)}, capabilities=DYNAMIC)
    assert "completionProvider" not in result["capabilities"]
    assert await menu(Editor(client, "def add(a, b):\n    |\n")) == []
    assert client.inbox.take(REGISTER) == []
    assert await client.stop() == 0
    client.check()


async def test_with_the_setting_from_the_start_it_is_advertised_once(world):
    client = await Client.start(world.env, "serve", "--stdio", cwd=world.project)
    result = await initialize(client, options(world), capabilities=DYNAMIC)
    assert result["capabilities"]["completionProvider"]["triggerCharacters"]
    assert await menu(Editor(client, "def add(a, b):\n    |\n"))
    assert client.inbox.take(REGISTER) == []
    assert await client.stop() == 0
    client.check()


async def test_a_setting_that_comes_late_is_registered_and_taken_back(world):
    model = world.fake(*REPLIES)
    async with serving(world, {"model": model}, capabilities=DYNAMIC) as client:
        for on in (True, False, True):
            settings = {"slm-lsp": {"model": model, "completion": {"menu": on}}}
            client.notify("workspace/didChangeConfiguration", {"settings": settings})
            said = await client.wait_for_notification(REGISTER if on else UNREGISTER)
            [one] = said["registrations" if on else "unregisterations"]
            assert one["method"] == "textDocument/completion"
        assert await menu(Editor(client, "def add(a, b):\n    |\n"))


async def test_the_users_file_turns_it_on_too(world):
    (world.config / "slm-lsp" / "slm-lsp.toml").write_text("[completion]\nmenu = true\n")
    async with serving(world, {"model": world.fake(*REPLIES)}, capabilities=DYNAMIC) as client:
        await client.wait_for_notification(REGISTER)
        assert await menu(Editor(client, "def add(a, b):\n    |\n"))


async def test_an_editor_that_cannot_be_told_later_is_told_what_to_do(world):
    (world.config / "slm-lsp" / "slm-lsp.toml").write_text("[completion]\nmenu = true\n")
    async with serving(world, {"model": world.fake(*REPLIES)}) as client:
        said = await client.wait_for_notification("window/logMessage")
        assert "initializationOptions" in said["message"]
