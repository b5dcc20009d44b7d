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
    window.undo()
    window.wait_for_file("empty.py", SUMS + "pass")


NAMES = """def names(people):
    result = []
    for person in people:
        result.append(person.name)
    return result
"""


def test_a_function_is_rewritten_as_somebody_says_and_undone(window: Window) -> None:
    window.open("names.py", NAMES)
    window.press("Control+Home")
    window.run("Rewrite Selection")
    window.answer("What is to be changed", "use a list comprehension")
    window.wait_for_other_file("names.py", NAMES)
    window.undo()
    window.wait_for_file("names.py", NAMES)


def test_a_function_is_explained_in_a_document(window: Window) -> None:
    window.open("explained.py", NAMES)
    window.press("Control+Home")
    window.choose_action("Explain this code", menu="Quick Fix...")
    window.wait_for_tab("explanation.md")
    window.press("Control+F4")
