"""What the menu of the item in the status bar leads to, and the walkthrough of the first start."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.editors.vscode.window import Window

SUMS = "def add(a, b):\n    return a + b\n\n\ndef subtract(a, b):\n    "


def test_a_model_is_chosen(window: Window) -> None:
    window.choose("Choose Model", "in use", picture="menu")
    settings = window.server.data / "Machine" / "settings.json"
    window.wait_for_json(settings, lambda made: str(made.get("slm-lsp.model")), "slm-fim-135m")
    window.wait_for_status("slm-fim-135m is ready")


def test_the_choice_is_left_to_the_server(window: Window) -> None:
    window.choose("Choose Model", "the best for this machine")
    settings = window.server.data / "Machine" / "settings.json"
    window.wait_for_json(settings, lambda made: str(made.get("slm-lsp.model")), "auto")
    window.wait_for_status("is ready")


def test_it_says_why_nothing_was_shown(window: Window) -> None:
    window.open("why.py", SUMS)
    window.press("Control+Alt+t")
    window.wait_for_status("turned off")
    window.type("re")
    window.page.wait_for_timeout(500)
    window.choose("Why Was Nothing Shown?")
    said = window.notification("slm-lsp: ghost text is turned off")
    window.picture("why-nothing-was-shown")
    window.press("Control+Alt+t")
    window.wait_for_status("slm-fim-135m is ready")
    said.hover()
    said.locator(".codicon-notifications-clear").click()
    said.wait_for(state="detached")


def test_the_walkthrough_of_the_first_start(window: Window) -> None:
    window.run("Open Walkthrough...")
    window.page.get_by_placeholder("Select a walkthrough").wait_for()
    window.type("Ghost text from your own machine")
    window.press("Enter")
    page = window.page.locator(".gettingStartedContainer")
    page.get_by_text("Type, and take what you like").first.click()
    page.get_by_text("the next word").first.wait_for()
    window.picture("walkthrough")
    page.get_by_text("One item in the status bar").first.click()
    page.get_by_role("button", name="Show Menu").click()
    window.page.locator(".quick-input-widget", has_text="slm-lsp: slm-fim-135m is ready").wait_for()
    window.press("Escape")
