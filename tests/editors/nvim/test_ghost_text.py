"""Ghost text drawn by the plugin: shown, typed through, taken over."""

from __future__ import annotations

import pytest

FUNCTION = "def add(a, b):\n    \n"


@pytest.fixture
def offered(nvim, world):
    """Give the test a Neovim that shows `return a + b`."""
    nvim.open(world.project / "add.py", FUNCTION)
    nvim.keys("jA")
    nvim.wait_ghost("return a + b")
    return nvim


def test_accept_all(offered):
    offered.keys("<Tab>")
    offered.wait_text("def add(a, b):\n    return a + b\n")
    offered.wait_ghost("")
    offered.assert_in_sync()


def test_accept_in_an_expr_mapping(offered):
    offered.lua("""
        vim.keymap.set('i', '<C-y>', function()
          return require('slm_lsp').accept() and '' or '<C-y>'
        end, { expr = true })
    """)
    offered.keys("<C-y>")
    offered.wait_text("def add(a, b):\n    return a + b\n")
    offered.wait_ghost("")


def test_accept_a_word_then_the_rest(offered):
    offered.keys("<M-Right>")
    offered.wait_text("def add(a, b):\n    return\n")
    offered.wait_ghost(" a + b")
    offered.keys("<M-Right><Tab>")
    offered.wait_text("def add(a, b):\n    return a + b\n")
    offered.assert_in_sync()


def test_accept_a_line_of_a_block(nvim, world):
    nvim.open(world.project / "both.py", "def both(a, b):\n")
    nvim.keys("o<C-u>")
    nvim.wait_ghost("    first = a\n    return first + b")
    nvim.keys("<M-Down>")
    nvim.wait_text("def both(a, b):\n    first = a\n")
    nvim.wait_ghost("\n    return first + b")
    nvim.keys("<Tab>")
    nvim.wait_text("def both(a, b):\n    first = a\n    return first + b\n")
    nvim.assert_in_sync()


def test_typing_through_never_takes_it_off_the_screen(offered):
    offered.lua("""
        _G.gone = 0
        local namespace = vim.api.nvim_create_namespace('slm_lsp')
        vim.api.nvim_set_decoration_provider(vim.api.nvim_create_namespace('watch'), {
          on_start = function()
            local marks = vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, {})
            if #marks == 0 then _G.gone = _G.gone + 1 end
          end,
        })
    """)
    rest = "return a + b"
    for key in "return a":
        offered.keys("<Space>" if key == " " else key)
        rest = rest[1:]
        offered.wait_ghost(rest)
    assert offered.lua("return _G.gone") == 0
    offered.keys("<Tab>")
    offered.wait_text("def add(a, b):\n    return a + b\n")


def test_typing_something_else_takes_it_away(offered):
    offered.keys("x")
    offered.wait_ghost("")
    offered.keys("<BS>")
    offered.wait_ghost("return a + b")


def test_tab_is_a_tab_without_ghost_text(nvim, world):
    nvim.open(world.project / "none.py", "x\n")
    nvim.lua("vim.bo.expandtab = false")
    nvim.keys("A<Tab>y")
    nvim.wait_text("x\ty\n")


def test_what_is_accepted_is_undone_alone(offered):
    offered.keys("re")
    offered.wait_ghost("turn a + b")
    offered.keys("<Tab><Esc>u")
    offered.wait_text("def add(a, b):\n    re\n")
    offered.assert_in_sync()


def test_cycling_asks_for_more(offered):
    offered.keys("<M-]>")
    offered.wait_ghost("return b + a")
    offered.keys("<M-]>")
    offered.wait_ghost("return a + b")
    offered.keys("<M-[><Tab>")
    offered.wait_text("def add(a, b):\n    return b + a\n")


def test_dismissed_text_stays_away_until_something_is_typed(offered):
    offered.keys("<C-]>")
    offered.wait_ghost("")
    offered.lua("vim.wait(300)")
    assert offered.ghost() == ""
    offered.keys("r")
    offered.wait_ghost("eturn a + b")


def test_leaving_insert_mode_takes_it_away(offered):
    offered.keys("<Esc>")
    offered.wait_ghost("")


def test_it_hides_while_a_menu_is_open(offered):
    offered.lua("vim.o.completeopt = 'menu,menuone,noinsert'")
    offered.keys("r<C-r>=complete(5, ['raise', 'rest']) ? '' : ''<CR>")
    offered.wait(lambda: offered.lua("return vim.fn.pumvisible()") == 1, "no menu")
    offered.wait_ghost("")
    offered.keys("<C-e>")
    offered.wait_ghost("eturn a + b")


def test_it_hides_while_the_menu_of_blink_cmp_is_open(offered):
    offered.lua("""
        _G.open = true
        package.loaded['blink.cmp'] = { is_menu_visible = function() return _G.open end }
        vim.api.nvim_exec_autocmds('User', { pattern = 'BlinkCmpMenuOpen' })
    """)
    offered.wait_ghost("")
    offered.lua(
        "_G.open = false vim.api.nvim_exec_autocmds('User', { pattern = 'BlinkCmpMenuClose' })"
    )
    offered.wait_ghost("return a + b")


def test_characters_of_several_bytes(nvim, world):
    nvim.open(world.project / "wide.py", "# 🦀\nname =\n")
    nvim.keys("jA<Space>")
    nvim.wait_ghost('"Žižkov 🦀" + tail')
    nvim.keys('"Ž')
    nvim.wait_ghost('ižkov 🦀" + tail')
    nvim.keys("<M-Right>")
    nvim.wait_text('# 🦀\nname = "Žižkov\n')
    nvim.keys("<Tab>")
    nvim.wait_text('# 🦀\nname = "Žižkov 🦀" + tail\n')
    nvim.assert_in_sync()


def test_crlf_files_get_no_stray_returns(nvim, world):
    path = world.project / "crlf.py"
    path.write_bytes(b"def both(a, b):\r\n")
    nvim.call("nvim_command", f"edit {path}")
    nvim.wait(nvim.attached, "the server is not attached")
    nvim.keys("o<C-u>")
    nvim.wait_ghost("    first = a\n    return first + b")
    nvim.keys("<Tab>")
    nvim.wait_text("def both(a, b):\n    first = a\n    return first + b\n")
