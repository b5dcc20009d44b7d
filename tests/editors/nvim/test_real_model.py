"""The default model in real Neovim: opened, typed, accepted, killed, back again."""

from __future__ import annotations

import pytest

from tests.harness.neovim import PLUGIN_SETUP, Neovim
from tests.harness.world import World
from tools import neovim

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


@pytest.mark.parametrize("version", neovim.VERSIONS)
@pytest.mark.parametrize(("name", "text"), [("stack.py", PYTHON), ("stack.ts", TYPESCRIPT)])
async def test_ghost_text_is_accepted_also_after_the_engine_was_killed(
    programs, version, name, text
):
    world = World(real_store=True)
    nvim = Neovim(programs[version], world, PLUGIN_SETUP, {})
    try:
        nvim.open(world.project / name, text[:-1] + "\n")
        nvim.keys("G$a.")
        ghost = nvim.wait(nvim.ghost, "no ghost text", WITHIN_S)
        nvim.keys("<Tab>")
        nvim.wait_text(text + ghost + "\n")
        await world.kill_engine()
        nvim.keys("<Esc>")
        nvim.open(world.project / f"other-{name}", "\n" + text[:-1] + "\n")
        nvim.keys("G$a.")
        nvim.wait(nvim.ghost, "no ghost text after the engine was killed", WITHIN_S)
        nvim.assert_in_sync()
        assert not nvim.errors()
    finally:
        nvim.close()
        world.close()
