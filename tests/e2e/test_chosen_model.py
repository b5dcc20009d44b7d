"""With `model = "auto"`, the default, every reader of the settings sees a model's own name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from slm_lsp.models import record
from tests.harness.editor import Editor
from tests.harness.world import TEST_MODEL, World, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

FUNCTION = "def add(a, b):\n    |\n"


@pytest.fixture
def small_world() -> Iterator[World]:
    """A world that has the small model, and nothing in its settings."""
    world = World(test_model=True)
    yield world
    world.close()


async def value(world: World, *command: str) -> Any:
    finished = await world.cli(*command, "--json")
    assert finished.stdout, finished
    return json.loads(finished.stdout)


@pytest.mark.model
async def test_commands_name_the_model_that_was_chosen(small_world):
    file = small_world.project / "a.py"
    file.write_text("def add(a, b):\n    \n", encoding="utf-8")
    assert (await value(small_world, "complete", f"{file}:2:5"))["model"] == TEST_MODEL
    [engine] = await small_world.engines()
    assert engine["model"] == TEST_MODEL
    printed = await value(small_world, "models", "list")
    assert printed["best"] == printed["auto"][-1]["name"] == TEST_MODEL
    listed = printed["models"]
    assert [row["name"] for row in listed if row["default"]] == [TEST_MODEL]
    settings = {
        it["name"]: it["value"] for it in (await value(small_world, "config", "show"))["settings"]
    }
    assert settings["model"] == TEST_MODEL
    assert settings["completion.minConfidence"] == pytest.approx(0.3)
    findings = json.dumps(await value(small_world, "doctor"))
    assert f"{TEST_MODEL}: Q8_0" in findings
    refused = await small_world.cli("models", "remove", TEST_MODEL)
    assert "is the default model" in refused.stderr


@pytest.mark.model
async def test_a_server_takes_the_model_that_is_installed_while_it_runs(world):
    """Nothing was, so another one was expected."""

    def with_message(text: str) -> Any:
        return lambda params: text in params["message"]

    async with serving(world) as client:
        editor = Editor(client, FUNCTION)
        assert await editor.items() == []
        told = await client.wait_for_notification("didChangeStatus", with_message("models pull"))
        assert TEST_MODEL not in told["message"]
        store = world.root / "store"
        store.mkdir(exist_ok=True)
        (store / TEST_MODEL).symlink_to(record.place(TEST_MODEL))
        await editor.items()
        await client.wait_for_notification(
            "didChangeStatus", with_message(f"{TEST_MODEL} is ready")
        )
        client.inbox.take("window/logMessage")
