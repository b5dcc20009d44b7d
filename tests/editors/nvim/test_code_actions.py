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
