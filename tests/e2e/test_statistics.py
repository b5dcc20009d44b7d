"""From what happens in an editor to what `slm-lsp stats` prints."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.editor import Editor
from tests.harness.world import ADD, serving

if TYPE_CHECKING:
    from tests.harness.world import World

FUNCTION = "def add(a, b):\n    |\n"


async def figures(world: World) -> Any:
    finished = await world.cli("stats", "--json")
    assert finished.code == 0, finished
    return json.loads(finished.stdout)


async def figures_with(world: World, event: str) -> Any:
    """Wait until an `event` is counted and return the figures of all languages."""
    for _ in range(90):
        if (total := (await figures(world))["total"])[event]:
            return total
        await asyncio.sleep(1)
    raise AssertionError(f"No {event} is counted.")


async def test_what_happened_is_counted_and_erased(world):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        accepting = Editor(client, FUNCTION)
        [item] = await accepting.items()
        await accepting.accept(item)
        inserting = Editor(client, FUNCTION)
        [item] = await inserting.items()
        inserting.type(item["insertText"])
        rejecting = Editor(client, FUNCTION)
        assert await rejecting.items()
        rejecting.type("p")
    everything = await figures(world)
    [learned] = everything["learned"]
    assert (learned["place"], learned["right"], learned["wrong"]) == ("new line", 2, 1)
    found = everything["languages"]["python"]
    assert (found["shown"], found["accepted"], found["rejected"]) == (3, 2, 1)
    assert found["kept"] == 2
    assert found["latency_p50_ms"] > 0
    printed = (await world.cli("stats")).stdout
    assert "python" in printed
    assert "new line" in printed
    state = world.root / "state" / "slm-lsp"
    stored = b"".join(path.read_bytes() for path in state.iterdir())
    assert b"return a" not in stored
    assert b"file:" not in stored
    assert (await world.cli("stats", "--erase")).code == 0
    assert (await figures(world))["languages"] == {}
    assert list(state.iterdir()) == []


@pytest.mark.parametrize(
    ("inserted", "removed", "expected"),
    [
        (["return a + b"], 0, {"accepted": 1, "kept": 1}),
        (["return", " a", " + b"], 0, {"accepted": 1, "kept": 1}),
        (["return", "x"], 0, {"partly_accepted": 1, "kept": 1}),
        (["r", "e", "turn a + b"], 0, {"accepted": 1, "kept": 1}),
        (list("return a + b"), 0, {"typed": 1}),
        (list("ret"), 0, {"rejected": 1}),
        (["x"], 0, {"rejected": 1}),
        (["return a + b"], 12, {"accepted": 1}),
        (["return a + b"], 1, {"accepted": 1, "kept_partly": 1}),
        ([], 0, {"rejected": 1}),
    ],
)
async def test_what_a_client_does_not_tell_is_seen_from_its_edits(
    world, inserted, removed, expected
):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        editor = Editor(client, FUNCTION)
        assert await editor.items()
        for text in inserted:
            editor.type(text)
            await editor.items()
        if removed:
            editor.backspace(removed)
        editor.close()
    found = (await figures(world))["languages"]["python"]
    counted = {name: n for name, n in found.items() if isinstance(n, int) and n}
    assert counted == {"shown": 1, **expected}


async def test_what_stands_there_after_half_a_minute_is_kept_in_an_open_file(world):
    async with serving(world, {"model": world.fake(ADD)}) as client:
        editor = Editor(client, FUNCTION)
        [item] = await editor.items()
        await editor.accept(item)
        assert (await figures_with(world, "accepted"))["kept"] == 0
        assert (await figures_with(world, "kept"))["kept"] == 1


async def test_the_setting_turns_it_off(world):
    async with serving(world, {"model": world.fake(ADD), "statistics": False}) as client:
        editor = Editor(client, FUNCTION)
        [item] = await editor.items()
        await editor.accept(item)
    assert (await figures(world))["total"]["shown"] == 0
    assert not (world.root / "state" / "slm-lsp").exists()


async def test_a_folder_that_cannot_be_written_disturbs_nobody(world):
    (world.root / "state").write_text("no folder")
    async with serving(world, {"model": world.fake(ADD)}) as client:
        assert await Editor(client, FUNCTION).ghost() == "return a + b"
