"""A real VS Code, used as people use it: through its keys and its screen."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.editors.vscode.server import PATIENCE_S, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.editors.vscode.server import CodeServer

PICTURES = ROOT / "build" / "pictures"

DRAWING_MS = 300
"""Milliseconds that ghost text has to stay the same to be all that will come."""

SAVING_MS = 500
"""Milliseconds until VS Code, too, knows that it has saved: before, it takes an undo for saved."""

ASKING_MS = 2000
"""Milliseconds given to a list of code actions."""

FAILING_MS = 60_000
"""Milliseconds given to a program that is to fail: a virtual environment is made first."""

GHOST = """() => {
    const lines = new Map();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const shown = walker.currentNode.parentElement;
        if (shown.closest('[class*="ghost-text"], .suggest-preview-text')) {
            const top = Math.round(shown.getBoundingClientRect().top);
            lines.set(top, (lines.get(top) ?? '') + walker.currentNode.data);
        }
    }
    const rows = [...lines.entries()].sort((a, b) => a[0] - b[0]);
    return rows.map((row) => row[1]).join('\\n').replaceAll('\\u00a0', ' ');
}"""
"""All ghost text on screen: what follows the cursor, and the lines below, which lie elsewhere."""


class Window:
    """What the user sees of it."""

    def __init__(self, server: CodeServer, page: Page) -> None:
        self.server = server
        self.page = page
        self.hosts: set[str | None] = set()
        """Whom the window asked for anything. Texts inside an address have none."""
        page.set_default_timeout(PATIENCE_S * 1000)
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname))
        self.load()

    def load(self) -> None:
        """Open the window anew. Its server may still be starting."""
        self.page.goto(self.server.url)
        self.page.wait_for_selector(".monaco-workbench")
        self.page.wait_for_selector('[id="slm-lsp.slm-lsp.slm-lsp.status"]')

    def open(self, name: str, text: str) -> None:
        """Write a file into the project, open it, and put the cursor at its end."""
        (self.server.world.project / name).write_text(text, "utf-8")
        self.find(name)

    def find(self, name: str) -> None:
        """Open a file that is there, and put the cursor at its end."""
        self._pick("Control+p", name)
        self.page.wait_for_selector(f'.tab.active[data-resource-name="{name}"]')
        self.page.wait_for_selector(".native-edit-context:focus", state="attached")
        self.press("Control+End")

    def open_notebook(self, name: str, cells: list[list[str]]) -> None:
        """Write a notebook of Python cells, open it, and begin to edit its last cell."""
        made = [
            {"cell_type": "code", "source": lines, "metadata": {}, "outputs": []} for lines in cells
        ]
        page = {"cells": made, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4}
        path = self.server.world.project / name
        path.write_text(json.dumps({**page, "nbformat_minor": 2}), "utf-8")
        self._pick("Control+p", name)
        cell = self.page.locator(".notebookOverlay .cell-editor-container .monaco-editor")
        cell.nth(len(cells) - 1).click()
        self.page.wait_for_selector(".native-edit-context:focus", state="attached")

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type as a person does."""
        self.page.keyboard.type(text, delay=40)

    def ghost(self) -> str:
        """Return the ghost text on screen, lines separated by newlines."""
        return str(self.page.evaluate(GHOST))

    def wait_for_ghost(self, wanted: str | None = None) -> str:
        """Wait until ghost text is on screen, or until it is `wanted`, and return it."""
        if wanted is not None:
            return self._wait(self.ghost, lambda seen: seen == wanted, wanted)
        before = ""
        while True:  # its lines are not drawn all at once
            seen = self._wait(self.ghost, lambda seen: seen != "", "any")
            if seen == before:
                return seen
            before = seen
            self.page.wait_for_timeout(DRAWING_MS)

    def wait_for_other_ghost(self, before: str) -> str:
        """Wait until other ghost text than `before` is on screen, and return it."""
        return self._wait(self.ghost, lambda seen: seen not in ("", before), "another")

    def wait_for_file(self, name: str, text: str) -> None:
        """Wait until the autosaved file holds `text`."""
        path = self.server.world.project / name
        self._wait(lambda: path.read_text("utf-8"), lambda saved: saved == text, text)

    def wait_for_other_file(self, name: str, text: str) -> None:
        """Wait until the autosaved file holds something else than `text`."""
        path = self.server.world.project / name
        self._wait(lambda: path.read_text("utf-8"), lambda saved: saved != text, "another")

    def wait_for_json(self, path: Path, read: Callable[[Any], str], start: str) -> None:
        """Wait until what `read` makes of the JSON file at `path` begins with `start`."""

        def look() -> str:
            with suppress(json.JSONDecodeError):  # it is being saved
                return read(json.loads(path.read_text("utf-8")))
            return ""

        self._wait(look, lambda seen: seen.startswith(start), start)

    def undo(self) -> None:
        """Take back the last change, which has been saved."""
        self.page.wait_for_timeout(SAVING_MS)
        self.press("Control+Z")

    def wait_for_tab(self, name: str) -> None:
        """Wait until a file called `name` is open."""
        self.page.wait_for_selector(f'.tabs-container .tab[data-resource-name="{name}"]')

    def answer(self, question: str, text: str) -> None:
        """Type `text` into the box that asks `question`."""
        self.page.locator(".quick-input-widget", has_text=question).wait_for()
        self.page.keyboard.type(text)
        self.press("Enter")

    def read_dialog(self, button: str = "OK") -> str:
        """Return what the dialog in the middle says, and close it."""
        dialog = self.page.locator(".monaco-dialog-box")
        said = str(dialog.inner_text())
        dialog.get_by_role("button", name=button).click()
        return said

    def notification(self, part: str) -> Locator:
        """Wait for the notification that says `part`."""
        found = self.page.locator(".notification-toast", has_text=part)
        found.wait_for(timeout=FAILING_MS)
        return found

    def notifications(self) -> list[str]:
        """Return what all notifications on screen say."""
        return self.page.locator(".notification-toast").all_inner_texts()

    def trust(self) -> None:
        """Trust the folder that is open."""
        self.run("Manage Workspace Trust")
        self.page.locator(".workspace-trust-editor").get_by_role(
            "button", name="Trust"
        ).first.click()

    def choose(self, *labels: str, picture: str = "") -> None:
        """Open the menu of the item in the status bar and choose, list by list."""
        self.page.locator('[id="slm-lsp.slm-lsp.slm-lsp.status"] a').click()
        for label in labels:
            row = self.page.locator(".quick-input-list .monaco-list-row", has_text=label)
            row.first.wait_for()
            if picture:
                self.picture(f"{picture}-{label.lower().replace(' ', '-').strip('?')}")
            row.first.click()

    def status(self) -> str:
        """Return what the item in the status bar says to a screen reader."""
        item = self.page.locator('[id="slm-lsp.slm-lsp.slm-lsp.status"] a')
        return str(item.get_attribute("aria-label"))

    def starts(self) -> int:
        """Return how often the extension has started a server, by its log."""
        return self.server.log().count("] slm-lsp 0.")

    def wait_for_starts(self, count: int) -> None:
        """Wait until it has done so `count` times."""
        self._wait(lambda: str(self.starts()), lambda seen: int(seen) >= count, count)

    def wait_for_status(self, part: str, seconds: float = PATIENCE_S) -> None:
        """Wait until the item in the status bar says `part`."""
        self._wait(self.status, lambda said: part in said, part, seconds)

    def run(self, title: str) -> None:
        """Run a command by its title, as the command palette does."""
        self._pick("F1", title)

    def choose_action(self, title: str, picture: str = "", menu: str = "Refactor...") -> None:
        """Choose a code action at the cursor by its title, from the menu."""
        deadline = time.monotonic() + PATIENCE_S
        row = self.page.locator(".action-widget .monaco-list-row", has_text=title)
        while not row.count():
            assert time.monotonic() < deadline, self.page.locator(
                ".action-widget"
            ).all_inner_texts()
            self.press("Escape")
            self.run(menu)
            self.page.wait_for_timeout(ASKING_MS)
        if picture:
            self.picture(picture)
        row.first.click()

    def _pick(self, key: str, words: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not self._found(key, words):
            assert time.monotonic() < deadline, words
            self.press("Escape")  # the search for files may have begun before there was this one
        self.press("Enter")

    def _found(self, key: str, words: str) -> bool:
        self.press(key)
        self.page.wait_for_selector(".quick-input-widget input")
        self.page.keyboard.type(words)
        row = self.page.locator(f'.quick-input-list .monaco-list-row[aria-label*="{words}"]')
        try:
            row.first.wait_for(timeout=3000)
        except PlaywrightTimeout:
            return False
        return True

    def _wait(
        self,
        look: Callable[[], str],
        good: Callable[[str], bool],
        wanted: object,
        seconds: float = PATIENCE_S,
    ) -> str:
        deadline = time.monotonic() + seconds
        while not good(seen := look()):
            assert time.monotonic() < deadline, f"{seen!r} instead of {wanted!r}"
            self.page.wait_for_timeout(20)
        return seen

    def picture(self, name: str) -> None:
        """Keep what is on screen and in the log, for people to look at."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")
        (PICTURES / f"{name}.log").write_text(self.server.log(), "utf-8")
