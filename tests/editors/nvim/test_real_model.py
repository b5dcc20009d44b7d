"""The default model in real Neovim: opened, typed, accepted, killed, back again."""

from __future__ import annotations

import time

import pytest

from tests.harness.neovim import PLUGIN_SETUP, Neovim
from tests.harness.world import World

pytestmark = pytest.mark.model

PYTHON = (
    "class Stack:\n    def __init__(self):\n        self.items = []\n\n"
    "    def push(self, item):\n        self.items.append(item)\n\n"
    "    def is_empty(self):\n        return len(self."
)
TYPESCRIPT = (
    "export class Stack {\n  items: number[] = [];\n\n"
    "  push(item: number) {\n    this.items.push(item);\n  }\n\n"
    "  size() {\n    return this."
)
WITHIN_S = 60.0
"""Seconds the first ghost text may take on a busy machine."""


def typed_ghost(nvim: Neovim) -> str:
    """Type until there is ghost text: who types one key while the model loads gets none."""

    def ghost_after_a_key() -> str:
        nvim.keys("x<BS>")
        time.sleep(0.5)
        return nvim.ghost()

    return str(nvim.wait(ghost_after_a_key, "no ghost text", WITHIN_S))


@pytest.mark.parametrize(("name", "text"), [("stack.py", PYTHON), ("stack.ts", TYPESCRIPT)])
async def test_ghost_text_is_accepted_also_after_the_engine_was_killed(program, name, text):
    world = World(test_model=True)
    nvim = Neovim(program, world, PLUGIN_SETUP, {})
    try:
        nvim.open(world.project / name, text[:-1] + "\n")
        nvim.keys("G$a.")
        ghost = typed_ghost(nvim)
        nvim.keys("<Tab>")
        nvim.wait_text(text + ghost + "\n")
        assert not nvim.errors()
        await world.kill_engine()
        nvim.keys("<Esc>")
        nvim.open(world.project / f"other-{name}", "\n" + text[:-1] + "\n")
        nvim.keys("G$a.")
        typed_ghost(nvim)
        nvim.assert_in_sync()
    finally:
        nvim.close()
        world.close()
