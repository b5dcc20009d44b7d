"""Off and on, and back again after something died."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

import psutil

from tests.editors.vscode.server import MACHINE

if TYPE_CHECKING:
    from tests.editors.vscode.window import Window

SUMS = "def add(a, b):\n    return a + b\n\n\ndef subtract(a, b):\n    "

SUBTRACT = "function add(a, b) {\n  return a + b;\n}\n\nfunction subtract(a, b) {\n  "

QUIET_MS = 1500
"""Long enough for ghost text that must not come to have come."""


def test_off_and_on(window: Window) -> None:
    _without_ghost_text(window, "off.py", "Control+Alt+t", "turned off")


def test_snoozed_and_woken(window: Window) -> None:
    _without_ghost_text(window, "snooze.py", "Control+Alt+s", "snoozed until")


def _without_ghost_text(window: Window, name: str, key: str, said: str) -> None:
    window.open(name, SUMS)
    window.press(key)
    window.wait_for_status(said)
    window.type("re")
    window.page.wait_for_timeout(QUIET_MS)
    assert window.ghost() == ""
    window.press(key)
    window.wait_for_status("slm-lsp: slm-fim-135m")
    window.type("t")
    window.wait_for_ghost("urn a - b")
    window.press("Tab")
    window.wait_for_file(name, SUMS + "return a - b")


def test_one_language_off_and_on(window: Window) -> None:
    window.open("language.py", SUMS)
    window.run("for This Language")
    window.wait_for_status("turned off for python")
    window.open("language.ts", SUBTRACT)
    window.type("re")
    window.wait_for_ghost("turn a - b;")
    window.open("language2.py", SUMS)
    window.type("re")
    window.page.wait_for_timeout(QUIET_MS)
    assert window.ghost() == ""
    window.run("for This Language")
    window.wait_for_status("slm-lsp: slm-fim-135m")
    window.type("t")
    window.wait_for_ghost("urn a - b")


def test_an_engine_that_dies_is_missed_by_nobody(window: Window) -> None:
    window.open("engine.py", SUMS)
    window.type("re")
    window.wait_for_ghost("turn a - b")
    _kill(window, "slm_lsp.inference.worker.process")
    window.press("Escape", "Backspace", "Backspace")
    window.type("re")
    window.wait_for_ghost("turn a - b")
    window.press("Tab")
    window.wait_for_file("engine.py", SUMS + "return a - b")


def test_a_server_that_dies_is_started_again(window: Window) -> None:
    window.open("server.py", SUMS)
    _kill(window, MACHINE["slm-lsp.server.path"])
    window.type("re")
    window.wait_for_ghost("turn a - b")
    window.press("Tab")
    window.wait_for_file("server.py", SUMS + "return a - b")
    assert window.page.locator(".notification-toast").count() == 0


def test_the_server_is_restarted_by_hand(window: Window) -> None:
    window.open("again.py", SUMS)
    before = window.starts()
    window.press("Control+Alt+r", "Control+Alt+r", "Control+Alt+r")
    window.wait_for_starts(before + 2)  # one runs, one waits, the third has nothing to add
    window.wait_for_status("slm-lsp: slm-fim-135m is ready")
    window.type("re")
    window.wait_for_ghost("turn a - b")
    assert window.starts() == before + 2


def _kill(window: Window, word: str) -> None:
    """Kill the processes of this window's world that have `word` in their command line."""
    killed = 0
    for pid in window.server.world.processes():
        with contextlib.suppress(psutil.NoSuchProcess):  # some end by themselves meanwhile
            if word in psutil.Process(pid).cmdline():
                os.kill(pid, signal.SIGKILL)
                killed += 1
    assert killed


def test_statistics_are_those_of_the_window_and_of_the_machine(window: Window) -> None:
    window.run("Show Statistics")
    said = window.read_dialog()
    assert "requests answered" in said
    assert "On this machine, by language:" in said
