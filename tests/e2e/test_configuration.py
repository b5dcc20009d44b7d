"""Settings: where they come from, what wrong ones do, and that changes apply at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.editor import Editor
from tests.harness.world import ADD, serving

if TYPE_CHECKING:
    from tests.harness.client import Client
    from tests.harness.world import World

FUNCTION = "def add(a, b):\n    |\n"
WARNING = 2
PULLS = {"workspace": {"configuration": True}}


async def warning(client: Client, *words: str) -> str:
    """Take the logged warning that contains all `words` out of the inbox and return its text."""

    def fits(params: Any) -> bool:
        return bool(params["type"] == WARNING and all(word in params["message"] for word in words))

    message: str = (await client.wait_for_notification("window/logMessage", fits))["message"]
    return message


async def offers(client: Client) -> bool:
    return await Editor(client, FUNCTION).ghost() == "return a + b"


async def offers_in_the_end(client: Client, *, ghost: bool) -> None:
    """Wait until new settings, which may have to be read from files first, have taken effect."""
    for _ in range(100):
        if await offers(client) is ghost:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the new settings do not take effect")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"completion": {"maxTokens": 100_000}}, "completion.maxTokens"),
        ({"completion": {"maxTokens": "many"}}, "completion.maxTokens"),
        ({"completion": {"trigger": "sometimes"}}, "completion.trigger"),
        ({"completion": "yes"}, "completion"),
        ({"context": {"prefixTokens": -1}}, "context.prefixTokens"),
        ({"engine": {"threads": 0.5}}, "engine.threads"),
        ({"enabled": "no"}, "enabled"),
        ({"languages": ["python"]}, "languages"),
        ({"colour": "blue"}, "colour"),
        ({"completion": {"max-tokens": 5}}, "completion.max-tokens"),
        ({"engine": {"gpu": {"layers": 1}}}, "engine.gpu"),
    ],
)
async def test_a_wrong_setting_is_named_and_the_server_runs(client, shared_world, settings, key):
    settings = {"model": shared_world.fake(ADD), **settings}
    client.notify("workspace/didChangeConfiguration", {"settings": {"slm-lsp": settings}})
    await warning(client, f"'{key}'")
    assert await offers(client)


async def test_every_problem_has_a_message_of_its_own(world):
    wrong = {"enabled": 5, "colour": "blue", "completion": {"maxTokens": 0, "shape": "round"}}
    async with serving(world, {"model": world.fake(ADD), **wrong}) as client:
        for key in ("enabled", "colour", "completion.maxTokens", "completion.shape"):
            await warning(client, f"'{key}'")
        assert await offers(client)


@pytest.mark.parametrize("options", [None, {}, [], "fast", 5, [{"enabled": True}]])
async def test_options_of_any_shape_start_the_server(world, options):
    async with serving(world, options) as client:
        if options not in (None, {}, []):
            await warning(client)
        change = {"settings": {"slm-lsp": {"model": world.fake(ADD)}}}
        client.notify("workspace/didChangeConfiguration", change)
        await offers_in_the_end(client, ghost=True)
        client.inbox.take("window/logMessage")


@pytest.mark.parametrize("wrap", [lambda s: {"slm-lsp": s}, lambda s: s], ids=["section", "bare"])
async def test_a_change_applies_without_a_restart(world, wrap):
    model = world.fake(ADD)
    async with serving(world, {"model": model}) as client:
        assert await offers(client)
        for enabled in (False, True):
            settings = wrap({"model": model, "enabled": enabled})
            client.notify("workspace/didChangeConfiguration", {"settings": settings})
            await offers_in_the_end(client, ghost=enabled)


async def test_the_last_of_many_changes_wins(world):
    model = world.fake(ADD)
    (world.project / "slm-lsp.toml").write_text("", encoding="utf-8")
    async with serving(world, {"model": model}, rootUri=world.project.as_uri()) as client:
        for last in (False, True):
            for enabled in [not last, last] * 20:
                settings = {"slm-lsp": {"model": model, "enabled": enabled}}
                client.notify("workspace/didChangeConfiguration", {"settings": settings})
            await offers_in_the_end(client, ghost=last)
            await asyncio.sleep(0.1)
            assert await offers(client) is last


async def test_a_wrong_change_is_named_and_the_rest_of_it_applies(world):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        settings = {"model": world.fake(ADD), "enabled": False, "colour": "blue"}
        client.notify("workspace/didChangeConfiguration", {"settings": {"slm-lsp": settings}})
        await warning(client, "'colour'")
        await offers_in_the_end(client, ghost=False)


@pytest.mark.parametrize("params", [{}, {"settings": 5}, {"settings": {"slm-lsp": 5}}, None])
async def test_a_change_of_any_shape_leaves_the_server_running(world, params):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        client.notify("workspace/didChangeConfiguration", params)
        await Editor(client, FUNCTION).items()
        client.inbox.take("window/logMessage")
        client.inbox.take("window/showMessage")


async def test_the_server_asks_for_the_settings_an_editor_does_not_send(world):
    off = {"model": world.fake(ADD), "enabled": False}
    options = {"model": world.fake(ADD)}
    async with serving(world, options, settings=off, capabilities=PULLS) as client:
        client.inbox.take("workspace/configuration")
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        asked = await client.wait_for_notification("workspace/configuration")
        assert [item["section"] for item in asked["items"]] == ["slm-lsp"]
        await offers_in_the_end(client, ghost=False)


async def test_another_model_is_used_without_a_restart(world):
    first, second = world.fake(ADD), world.fake({**ADD, "text": "return sum((a, b))\n"})
    async with serving(world, {"model": first}) as client:
        assert await offers(client)
        settings = {"slm-lsp": {"model": second}}
        client.notify("workspace/didChangeConfiguration", {"settings": settings})
        await offers_in_the_end(client, ghost=False)
        assert await Editor(client, FUNCTION).ghost() == "return sum((a, b))"


async def test_a_language_can_be_switched_off(world):
    options = {"model": world.fake(ADD), "languages": {"python": False}}
    async with serving(world, options) as client:
        assert not await offers(client)
        assert await Editor(client, FUNCTION, language="go").ghost() == "return a + b"


async def test_manual_offers_only_when_asked_for(world):
    options = {"model": world.fake(ADD), "completion": {"trigger": "manual"}}
    async with serving(world, options) as client:
        editor = Editor(client, FUNCTION)
        assert await editor.ghost(invoked=False) == ""
        assert await editor.ghost(invoked=True) == "return a + b"


async def test_single_lines_only_on_request(world):
    block = {"after": "def pick(items):\n    ", "text": "for item in items:\n        use(item)\n"}
    options = {"model": world.fake(block), "completion": {"multiline": "never"}}
    async with serving(world, options) as client:
        assert "\n" not in await Editor(client, "def pick(items):\n    |\n").ghost()


async def test_a_known_answer_does_not_outlive_the_settings_it_was_given_under(world):
    block = {"after": "def pick(items):\n    ", "text": "for item in items:\n        use(item)\n"}
    model = world.fake(block, ADD)
    async with serving(world, {"model": model}) as client:
        editor = Editor(client, "def pick(items):\n    |\n")
        assert "\n" in await editor.ghost()
        settings = {"model": model, "completion": {"multiline": "never"}}
        client.notify("workspace/didChangeConfiguration", {"settings": settings})
        for _ in range(100):
            if await editor.ghost() == "for item in items:":
                return
            await asyncio.sleep(0.02)
        pytest.fail("the answer from before is given again")


async def test_the_users_own_file_applies_without_a_workspace(world):
    path = world.config / "slm-lsp" / "slm-lsp.toml"
    path.write_text(f'model = "{world.fake(ADD)}"\n', encoding="utf-8")
    async with serving(world) as client:
        assert await offers(client)


class TestProjectFile:
    """Settings that came with somebody's repository."""

    def write(self, world: World, text: str) -> str:
        (world.project / "slm-lsp.toml").write_text(text, encoding="utf-8")
        return world.project.as_uri()

    async def test_it_applies(self, world):
        root = self.write(world, '[completion]\ntrigger = "manual"\n')
        async with serving(world, {"model": world.fake(ADD)}, rootUri=root) as client:
            editor = Editor(client, FUNCTION, uri=f"{root}/a.py")
            assert await editor.ghost(invoked=False) == ""
            assert await editor.ghost(invoked=True) == "return a + b"

    async def test_it_applies_as_long_as_its_folder_is_open(self, world):
        folder = {"uri": self.write(world, "enabled = false\n"), "name": "project"}
        async with serving(world, {"model": world.fake(ADD)}) as client:
            assert await offers(client)
            for added, removed, ghost in (([folder], [], False), ([], [folder], True)):
                event = {"event": {"added": added, "removed": removed}}
                client.notify("workspace/didChangeWorkspaceFolders", event)
                await offers_in_the_end(client, ghost=ghost)

    async def test_the_editor_stands_above_it(self, world):
        root = self.write(world, '[completion]\ntrigger = "manual"\n')
        options = {"model": world.fake(ADD), "completion": {"trigger": "automatic"}}
        async with serving(world, options, rootUri=root) as client:
            assert await Editor(client, FUNCTION, uri=f"{root}/a.py").ghost() == "return a + b"

    @pytest.mark.parametrize(
        ("text", "key"),
        [('model = "other"\n', "model"), ('[engine]\nsharing = "private"\n', "engine.sharing")],
    )
    async def test_it_may_not_choose_what_runs(self, world, text, key):
        root = self.write(world, text)
        async with serving(world, {"model": world.fake(ADD)}, rootUri=root) as client:
            await warning(client, f"'{key}'", "slm-lsp.toml")
            assert await Editor(client, FUNCTION, uri=f"{root}/a.py").ghost() == "return a + b"

    async def test_a_broken_one_is_reported(self, world):
        root = self.write(world, "enabled = maybe\n")
        async with serving(world, {"model": world.fake(ADD)}, rootUri=root) as client:
            await warning(client, "slm-lsp.toml")
            assert await Editor(client, FUNCTION, uri=f"{root}/a.py").ghost() == "return a + b"


@pytest.mark.parametrize("nothing", [None, {}])
async def test_an_editor_that_has_nothing_to_say_keeps_what_it_started_with(world, nothing):
    async with serving(world, {"model": world.fake(ADD)}, capabilities=PULLS) as client:
        client.notify("workspace/didChangeConfiguration", {"settings": nothing})
        await client.wait_for_notification("workspace/configuration")
        assert await offers(client)
        assert await offers(client)
