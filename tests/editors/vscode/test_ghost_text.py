"""What somebody who types in VS Code sees, and what then stands in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.editors.vscode.window import Window

SUMS = "def add(a, b):\n    return a + b\n\n\ndef subtract(a, b):\n    "

CIRCLE = """class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y


class Circle:
    def __init__(self, x, y, radius):"""


def test_all_of_it_is_taken_with_tab(window: Window) -> None:
    window.open("all.py", SUMS)
    window.type("re")
    assert window.wait_for_ghost() == "turn a - b"
    window.picture("ghost-text")
    window.press("Tab")
    window.wait_for_file("all.py", SUMS + "return a - b")
    assert window.ghost() == ""


def test_typescript_too(window: Window) -> None:
    text = (
        "export function add(a: number, b: number): number {\n  return a + b;\n}\n\n"
        "export function multiply(a: number, b: number): number {\n  "
    )
    window.open("all.ts", text)
    window.type("re")
    window.wait_for_ghost("turn a * b;")
    window.press("Tab")
    window.wait_for_file("all.ts", text + "return a * b;")


def test_a_word_is_taken(window: Window) -> None:
    window.open("word.py", SUMS)
    window.type("re")
    window.wait_for_ghost("turn a - b")
    window.press("Control+ArrowRight")
    window.wait_for_ghost(" a - b")
    window.wait_for_file("word.py", SUMS + "return")
    window.press("Control+ArrowRight", "Control+ArrowRight")
    window.wait_for_ghost(" - b")
    window.wait_for_file("word.py", SUMS + "return a")


def test_a_line_is_taken(window: Window) -> None:
    window.open("line.py", CIRCLE)
    window.press("Enter")
    ghost = window.wait_for_ghost().splitlines()
    assert len(ghost) > 1
    window.picture("several-lines")
    window.press("Control+Alt+l")
    window.wait_for_file("line.py", f"{CIRCLE}\n        {ghost[0]}\n")
    window.wait_for_ghost("\n".join(ghost[1:]))


def test_what_is_typed_through_stays(window: Window) -> None:
    window.open("through.py", SUMS)
    window.type("re")
    window.wait_for_ghost("turn a - b")
    for typed in range(1, len("turn") + 1):
        window.press("turn a - b"[typed - 1])
        assert window.ghost() in ("turn a - b"[typed - 1 :], "turn a - b"[typed:])
        window.wait_for_ghost("turn a - b"[typed:])
    window.wait_for_file("through.py", SUMS + "return")


def test_escape_takes_nothing(window: Window) -> None:
    window.open("nothing.py", SUMS)
    window.type("re")
    window.wait_for_ghost("turn a - b")
    window.press("Escape")
    window.wait_for_ghost("")
    window.wait_for_file("nothing.py", SUMS + "re")


def test_the_next_and_the_previous_are_shown(window: Window) -> None:
    window.open("cycle.py", SUMS)
    window.type("x = ")
    first = window.wait_for_ghost()
    window.press("Alt+]")
    window.wait_for_other_ghost(first)
    window.press("Alt+[")
    window.wait_for_ghost(first)
    window.press("Tab")
    window.wait_for_file("cycle.py", f"{SUMS}x = {first}")
