"""Where no server is found one is offered, once, and installed without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.editors.vscode.browser import opened
from tests.editors.vscode.environment import without_server
from tests.editors.vscode.server import CodeServer
from tests.editors.vscode.wheelhouse import wheelhouse

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.harness.world import World

SUMS = "def add(a, b):\n    return a + b\n\n\ndef subtract(a, b):\n    "

QUESTION = "slm-lsp found no server."

QUIET_MS = 3000
"""Long enough for a question that must not come again to have come."""


NO_NETWORK = {"PIP_NO_INDEX": "1"}


def test_it_is_asked_once_and_refused(world: World, browser: Browser) -> None:
    with opened(CodeServer(world, {}, env=without_server() | NO_NETWORK), browser) as window:
        window.notification(QUESTION).get_by_role("button", name="Not Now").click()
        window.wait_for_status("no server is installed")
        window.load()
        window.wait_for_status("no server is installed")
        window.page.wait_for_timeout(QUIET_MS)
        assert window.notifications() == []
        window.run("Install Server")
        failed = window.notification("The server was not installed")
        assert "name a folder of wheels in the setting" in failed.inner_text()
        window.page.wait_for_timeout(QUIET_MS)
        window.wait_for_status("no server is installed")
        assert len(window.notifications()) == 1


def test_it_is_installed_from_a_folder_of_wheels(world: World, browser: Browser) -> None:
    wheels = wheelhouse(world.root / "wheels")
    machine = {"slm-lsp.server.wheelhouse": str(wheels)}
    with opened(CodeServer(world, machine, env=without_server() | NO_NETWORK), browser) as window:
        window.notification(QUESTION).get_by_role("button", name="Install", exact=True).click()
        window.wait_for_status("slm-fim-135m is ready", seconds=120)
        assert "from the extension's own folder" in window.server.log()
        window.open("installed.py", SUMS)
        window.type("re")
        window.wait_for_ghost("turn a - b")
        window.press("Tab")
        window.wait_for_file("installed.py", SUMS + "return a - b")


def test_a_program_that_is_no_server_is_named(world: World, browser: Browser) -> None:
    wrong = Path("/bin/true")
    server = CodeServer(
        world, {"slm-lsp.server.path": str(wrong)}, env=without_server() | NO_NETWORK
    )
    with opened(server, browser) as window:
        window.wait_for_status(f"slm-lsp.server.path is {wrong}, which is not a server that runs")
        window.page.wait_for_timeout(QUIET_MS)
        assert window.notifications() == []
