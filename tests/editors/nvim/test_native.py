"""Neovim 0.12's own ghost text behind the same functions."""

from __future__ import annotations

import pytest

FUNCTION = "def add(a, b):\n    \n"


@pytest.fixture
def offered(native, world):
    """Give the test a Neovim that shows `return a + b`."""
    native.open(world.project / "add.py", FUNCTION)
    native.keys("jA")
    native.wait_ghost("return a + b")
    return native


def test_accept_all(offered):
    offered.keys("<Tab>")
    offered.wait_text("def add(a, b):\n    return a + b\n")
    offered.assert_in_sync()


def test_accepting_at_once_does_not_repeat_what_was_typed(offered):
    offered.keys("re<Tab>")
    offered.wait_text("def add(a, b):\n    return a + b\n")


def test_accept_a_word(offered):
    offered.keys("<Plug>(slm-lsp-accept-word)")
    offered.wait_text("def add(a, b):\n    return\n")
    offered.wait_ghost(" a + b")


def test_dismiss(offered):
    offered.keys("<Plug>(slm-lsp-dismiss)")
    offered.wait_ghost("")


def test_off_and_on(offered):
    offered.call("nvim_command", "SlmLsp disable")
    offered.keys("r")
    offered.wait_ghost("")
    offered.call("nvim_command", "SlmLsp enable")
    offered.keys("<BS>")  # to the place that the script knows
    offered.wait_ghost("return a + b")
