"""Phi-3 Mini and Mistral 7B from the handshake to ghost text and a code action, on tiny weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slm_lsp.models import record, verification
from tests.harness.actions import CLIENT, chosen, put_in, resolving
from tests.harness.editor import Editor
from tests.harness.world import World, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CODE = "def f(a):\n    if a == True:\n        return True\n    return False\n"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World()
    monkeypatch.setenv(record.STORE_VARIABLE, world.env[record.STORE_VARIABLE])
    yield world
    world.close()


def install(name: str, file: Path) -> None:
    """Put the model file into the store as `name`."""
    place = record.folder(name)
    place.mkdir(parents=True)
    target = place / "model.gguf"
    target.write_bytes(file.read_bytes())
    shipped = record.ModelFile(
        target.name, "F32", target.stat().st_size, verification.sha256_of(target)
    )
    record.write(record.Record(name, "a test", "", (shipped,), target.name))


@pytest.mark.parametrize("name", ["Phi-3 Mini", "Mistral 7B"])
async def test_it_loads_completes_and_serves_a_code_action(
    name: str, world: World, tiny_model: Callable[..., Path]
) -> None:
    install("own", tiny_model(name))
    async with serving(world, {"model": "own"}, capabilities=CLIENT) as client:
        await client.wait_for_notification(
            "didChangeStatus", lambda it: it["message"].endswith("is ready")
        )
        editor = Editor(client, "x = ", caret=4)
        assert await editor.ghost() == "ok"
        editor.close()
        editor = Editor(client, CODE, caret=0)
        action = await chosen(editor, "simplify")
        edit = (await client.answer(resolving(editor, action)))["edit"]
        assert put_in(editor, edit) == "ok\n"
