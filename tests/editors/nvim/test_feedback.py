"""What a user does with ghost text is what `slm-lsp stats` counts."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.neovim import Neovim
    from tests.harness.world import World

GHOST = "return a + b"
CASES = {
    "all": (["<Tab>"], GHOST, {"accepted": 1, "kept": 1}),
    "a word": (["<M-Right>"], "return", {"partly_accepted": 1, "kept": 1}),
    "words": (["<M-Right>", "<M-Right>", "<C-]>"], "return a", {"partly_accepted": 1, "kept": 1}),
    "a word, the rest": (["<M-Right>", "<Tab>"], GHOST, {"accepted": 1, "kept": 1}),
    "dismissed": (["<C-]>"], "", {"rejected": 1}),
    "something else typed": (["x", "y"], "xy", {"rejected": 1}),
    "some typed, the rest": ([*"retu", "<Tab>"], GHOST, {"accepted": 1, "kept": 1}),
    "typed through": (GHOST.replace(" ", " <Space> ").split(), GHOST, {"typed": 1}),
    "taken back": (["<Tab>", "<Esc>u"], "", {"accepted": 1}),
}
"""Keys, what they leave in the line, and what is counted besides one that was shown."""


def counted(world: World) -> dict[str, int]:
    """Return the counts in Python files, without those that are 0."""
    stats = (sys.executable, "-m", "slm_lsp", "stats", "--json")
    printed = subprocess.run(stats, env=world.env, check=True, capture_output=True).stdout
    figures = json.loads(printed)["languages"].get("python", {})
    return {name: n for name, n in figures.items() if isinstance(n, int) and n}


def assert_counts(editor: Neovim, world: World, case: str) -> None:
    keys, left, expected = CASES[case]
    editor.open(world.project / "add.py", "def add(a, b):\n    \n")
    editor.keys("jA")
    editor.wait_ghost(GHOST)
    for key in keys:
        editor.keys(key)
        editor.lua("vim.wait(60)")
    editor.wait_text(f"def add(a, b):\n    {left}\n")
    editor.keys("<Esc>")
    editor.assert_in_sync()  # Neovim sends what was typed with a delay.
    editor.call("nvim_command", "SlmLsp restart")  # A server writes the last counts when it ends.
    assert counted(world) == {"shown": 1, **expected}


@pytest.mark.parametrize("case", CASES)
def test_the_plugin_counts(nvim, world, case):
    assert_counts(nvim, world, case)


@pytest.mark.parametrize("case", ["all", "dismissed", "something else typed", "typed through"])
def test_neovims_own_ghost_text_counts(native, world, case):
    native.lua("vim.keymap.set('i', '<C-]>', '<Plug>(slm-lsp-dismiss)')")
    assert_counts(native, world, case)
