"""Code actions from the menu of VS Code: chosen, applied, taken back by one undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.editors.vscode.window import Window

SUMS = "def add(a, b):\n    return a + b\n\n\ndef subtract(a, b):\n    "


def test_a_body_is_written_and_undone(window: Window) -> None:
    window.open("empty.py", SUMS + "pass")
    window.choose_action("Write the body of subtract", picture="code-actions")
    window.wait_for_file("empty.py", SUMS + "return a - b")
    window.press("Control+Z")
    window.wait_for_file("empty.py", SUMS + "pass")
