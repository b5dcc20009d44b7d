"""Code actions from Neovim's own menu: applied as one change, taken back by one undo."""

from __future__ import annotations

EMPTY = "def add(a, b):\n    pass\n"
CHOOSE = """
    vim.lsp.buf.code_action({
      apply = true,
      filter = function(action) return action.kind == 'refactor.rewrite.slm-lsp.body' end,
    })
"""


def test_a_body_is_written_and_undone(nvim, world):
    nvim.open(world.project / "empty.py", EMPTY)
    nvim.lua(CHOOSE)
    nvim.wait_text("def add(a, b):\n    return a + b\n")
    nvim.assert_in_sync()
    nvim.keys("u")
    nvim.wait_text(EMPTY)
    nvim.assert_in_sync()


def test_lines_are_rewritten_as_somebody_says_and_undone(nvim, world):
    text = "def f():\n    x = [1, 2]\n    return x\n"
    nvim.open(world.project / "list.py", text)
    nvim.lua("vim.ui.input = function(_, done) done('use a set') end")
    for command in ("2SlmLsp rewrite use a set", "2SlmLsp rewrite"):
        nvim.lua(f"vim.cmd('{command}')")
        nvim.wait_text("def f():\n    x = {1, 2}\n    return x\n")
        nvim.assert_in_sync()
        nvim.keys("u")
        nvim.wait_text(text)
