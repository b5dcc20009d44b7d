"""Documents that are more than a file in the one folder that is open."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from tests.editors.vscode.browser import opened
from tests.editors.vscode.server import MACHINE, CodeServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.editors.vscode.window import Window
    from tests.harness.world import World

WHO = ("-c", "user.name=Somebody", "-c", "user.email=somebody@localhost")

QUIET_MS = 1500
"""Long enough for ghost text that must not come to have come."""

SUMS = "def add(a, b):\n    return a + b\n\n\ndef subtract(a, b):\n    "


def test_one_that_was_never_saved(window: Window) -> None:
    window.run("New Untitled Text File")
    window.page.wait_for_selector('.tab.active[data-resource-name^="Untitled"]')
    window.page.wait_for_selector(".native-edit-context:focus", state="attached")
    window.type("function add(a, b) { return a + b }")
    window.press("Enter")
    window.type("function subtract(a, b) { re")
    assert window.wait_for_ghost().startswith("turn a - b")
    window.press("Escape")


def test_a_cell_sees_the_cells_above(world: World, browser: Browser) -> None:
    reply = {"after": "x = ", "contains": "def weigh_zebrafish", "text": "weigh_zebrafish()\n"}
    machine = {**MACHINE, "slm-lsp.model": world.fake(reply)}
    with opened(CodeServer(world, machine), browser) as window:
        window.wait_for_status("is ready")
        function = ["def weigh_zebrafish():\n", "    return 1"]
        window.open_notebook("cells.ipynb", [function, []])
        window.type("x = ")
        window.wait_for_ghost("weigh_zebrafish()")
        window.picture("notebook")
        window.press("Tab")
        window.wait_for_json(
            world.project / "cells.ipynb",
            lambda notebook: "".join(notebook["cells"][1]["source"]),
            "x = weigh_zebrafish()",
        )


def test_each_folder_of_several(world: World, browser: Browser) -> None:
    other, silent = world.root / "other", world.root / "silent"
    for folder, name in ((other, "second.py"), (silent, "third.py")):
        folder.mkdir()
        (folder / name).write_text(SUMS, "utf-8")
    (silent / ".vscode").mkdir()
    (silent / ".vscode" / "settings.json").write_text('{"slm-lsp.enabled": false}', "utf-8")
    several = world.root / "several.code-workspace"
    folders = [{"path": str(folder)} for folder in (world.project, other, silent)]
    several.write_text(json.dumps({"folders": folders}), "utf-8")
    with opened(CodeServer(world, MACHINE, opens=several), browser) as window:
        window.wait_for_status("is ready")
        window.open("first.py", SUMS)
        window.type("re")
        window.wait_for_ghost("turn a - b")
        window.press("Tab")
        window.wait_for_file("first.py", SUMS + "return a - b")
        window.find("second.py")
        window.type("re")
        window.wait_for_ghost("turn a - b")
        window.find("third.py")
        window.wait_for_status("turned off")
        window.type("re")
        window.page.wait_for_timeout(QUIET_MS)
        assert window.ghost() == ""
        window.press("Control+Alt+t")  # and there it is turned on again
        window.wait_for_status("slm-lsp: slm-fim-135m")
        window.type("t")
        window.wait_for_ghost("urn a - b")


def test_a_view_of_changes_offers_where_one_can_write(world: World, browser: Browser) -> None:
    project = world.project
    (project / "changed.py").write_text(SUMS.replace("add", "plus"), "utf-8")
    for command in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "first")):
        subprocess.run(["git", *WHO, *command], cwd=project, check=True)
    server = CodeServer(world, MACHINE)
    server.set(diffEditor__useInlineViewWhenSpaceIsLimited=False)
    with opened(server, browser) as window:
        window.wait_for_status("is ready")
        window.open("changed.py", SUMS)
        window.page.locator('.editor-actions a[aria-label^="Open Changes"]').click()
        window.page.locator(".modified-in-monaco-diff-editor").click()
        window.press("Control+End")
        window.type("re")
        window.wait_for_ghost("turn a - b")
        window.picture("changes")
        window.press("Tab")
        window.wait_for_file("changed.py", SUMS + "return a - b")
        window.page.locator(".original-in-monaco-diff-editor").click()
        window.press("Control+End")
        window.type("re")
        window.page.wait_for_timeout(QUIET_MS)
        assert window.ghost() == ""
