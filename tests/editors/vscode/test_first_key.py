"""The first key is answered, too: in a window just opened, and while the server is starting."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.editors.vscode.window import Window

SUMS = "def add(a, b):\n    return a + b\n\n\ndef subtract(a, b):\n    "

QUIET_MS = 1500
"""Long enough for ghost text that must not come to have come."""


def test_of_a_window_just_opened(window: Window) -> None:
    window.load()
    window.open("first.py", SUMS)
    window.type("r")
    window.wait_for_ghost("eturn a - b")


def test_while_the_server_starts(window: Window) -> None:
    window.open("starting.py", SUMS)
    before = window.starts()
    window.press("Control+Alt+r")
    window.type("r")
    assert window.starts() == before
    window.wait_for_ghost("eturn a - b")
    window.press("Tab")
    window.wait_for_file("starting.py", SUMS + "return a - b")


def test_nobody_is_asked_where_nothing_was_typed(window: Window) -> None:
    window.open("elsewhere.py", SUMS)
    before = window.starts()
    window.press("Control+Alt+r")
    window.type("r")
    window.press("ArrowUp")
    window.wait_for_starts(before + 1)
    window.wait_for_status("is ready")
    window.page.wait_for_timeout(QUIET_MS)
    assert window.ghost() == ""


def test_nobody_is_asked_where_vs_code_shows_no_ghost_text(window: Window) -> None:
    window.server.set(editor__inlineSuggest__enabled=False)
    try:
        window.load()
        window.open("quiet.py", SUMS)
        window.type("r")
        window.page.wait_for_timeout(QUIET_MS)
        assert window.ghost() == ""
    finally:
        window.server.set()
        window.load()  # VS Code may not see that a file of settings changed
