"""A while of writing in real Neovim, with all that a typist changes on the way."""

from __future__ import annotations

import inspect
import textwrap
import time
from typing import TYPE_CHECKING

from benchmarks import typist
from tests.harness.neovim import PLUGIN_SETUP, Neovim

if TYPE_CHECKING:
    from benchmarks.typist import Stroke

TEXT = inspect.getsource(textwrap)
KEYS = 400
INTERVAL_S = 0.01
LOOKS = 20
"""How often a typist who waits looks for ghost text, every INTERVAL_S."""

GUESSES = [{"after": after, "text": "width + 1"} for after in ("self.", "_", "e", "t", " ")]
NAMES = {"\n": "<CR>", "<": "<lt>", " ": "<Space>"}
PLAIN = "vim.bo.autoindent = false vim.bo.indentexpr = '' vim.o.smarttab = false"


def keys(stroke: Stroke, caret: int, text: str) -> str:
    """Return what to press for `stroke` with the caret at offset `caret` of `text`."""
    if stroke.jump:
        before = text[: caret + stroke.jump].split("\n")
        return f"<Cmd>call cursor({len(before)}, {len(before[-1]) + 1})<CR>"
    return "<BS>" * stroke.erase + "".join(NAMES.get(key, key) for key in stroke.text)


def looks(nvim: Neovim) -> bool:
    """Tell whether ghost text appears."""
    for _ in range(LOOKS):
        if nvim.ghost():
            return True
        time.sleep(INTERVAL_S)
    return False


def test_both_sides_have_what_was_written(program, world):
    text, strokes = typist.session(TEXT, places=4, keys=KEYS, seed=1)
    nvim = Neovim(program, world, PLUGIN_SETUP, {"model": world.fake(*GUESSES)})
    try:
        nvim.open(world.project / "written.py", text)
        nvim.lua(PLAIN)
        nvim.keys("i")
        caret = seen = 0
        for stroke in strokes:
            nvim.keys(keys(stroke, caret, text))
            if not stroke.jump:
                text = text[: caret - stroke.erase] + stroke.text + text[caret:]
            caret += stroke.jump - stroke.erase + len(stroke.text)
            if stroke.waits and looks(nvim):
                seen += 1
                nvim.keys("<C-]>" if seen % 2 else "<M-]>")
            time.sleep(INTERVAL_S)
        assert text == TEXT
        nvim.wait_text(TEXT)
        nvim.assert_in_sync()
        assert seen > 5
        assert not nvim.errors()
    finally:
        nvim.close()
