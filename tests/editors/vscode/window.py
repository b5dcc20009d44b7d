"""A real VS Code, used as people use it: through its keys and its screen."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import sync_playwright

from tools import code_server, npm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from playwright.sync_api import Page

    from tests.harness.world import World

ROOT = Path(__file__).resolve().parents[3]
VSIX = ROOT / "build" / "slm-lsp.vsix"
PICTURES = ROOT / "build" / "pictures"

PATIENCE_S = 20.0
"""A busy machine is no reason for a test to fail."""

DRAWING_MS = 300
"""Milliseconds that ghost text has to stay the same to be all that will come."""

ASKING_MS = 2000
"""Milliseconds given to a first answer."""

MACHINE = {"slm-lsp.server.path": str(Path(sys.executable).with_name("slm-lsp"))}
"""Settings of the machine that VS Code's server runs on."""

SETTINGS: dict[str, Any] = {
    "slm-lsp.completion.budgetMs": 60000,  # what is tested is the way, not the machine
    "files.autoSave": "afterDelay",
    "files.autoSaveDelay": 100,
    "editor.quickSuggestions": {"other": "off", "comments": "off", "strings": "off"},
    "editor.fontFamily": "DejaVu Sans Mono",
    "editor.minimap.enabled": False,
    "extensions.autoUpdate": False,
    "extensions.autoCheckUpdates": False,
    "chat.disableAIFeatures": True,
    "workbench.startupEditor": "none",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
}
"""The user's settings: VS Code's own as they come, but for what would move the picture."""

KEYS = [
    {"key": "ctrl+alt+l", "command": "editor.action.inlineSuggest.acceptNextLine"},
    {"key": "ctrl+alt+t", "command": "slm-lsp.toggle"},
    {"key": "ctrl+alt+s", "command": "slm-lsp.snooze"},
    {"key": "ctrl+alt+r", "command": "slm-lsp.restart"},
]
"""For commands that have no keys of their own."""

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


class CodeServer:
    """The process behind the window, with folders of its own in `world`."""

    def __init__(self, world: World, machine: Mapping[str, Any]) -> None:
        self.world = world
        self.data = world.root / "vscode"
        self._write("User/settings.json", SETTINGS)
        self._write("User/keybindings.json", KEYS)
        self._write("Machine/settings.json", machine)
        self._env = {**world.env, **npm.environment(), "SHELL": "/bin/sh"}
        self._run("--install-extension", str(VSIX))
        self.port = _free_port()
        self._process = self._start()

    @property
    def url(self) -> str:
        """Where the window of the world's project is."""
        return f"http://127.0.0.1:{self.port}/?folder={self.world.project}"

    def log(self) -> str:
        """Return what the extension wrote into its log."""
        pages = sorted(self.data.glob("logs/*/exthost*/slm-lsp.slm-lsp/*.log"))
        return "".join(page.read_text("utf-8") for page in pages)

    def close(self) -> None:
        """End VS Code."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _write(self, name: str, values: object) -> None:
        path = self.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), "utf-8")

    def _command(self, *args: str) -> list[str]:
        folders = ("--user-data-dir", str(self.data), "--extensions-dir", str(self.data / "ext"))
        return ["node", str(code_server.entry()), *folders, *args]

    def _run(self, *args: str) -> None:
        command = self._command(*args)
        subprocess.run(command, env=self._env, check=True, capture_output=True, timeout=120)

    def _start(self) -> subprocess.Popen[bytes]:
        quiet = ("--disable-telemetry", "--disable-update-check", "--disable-workspace-trust")
        address = ("--auth", "none", "--bind-addr", f"127.0.0.1:{self.port}")
        command = self._command(*address, *quiet, "--disable-getting-started-override")
        with (self.data / "server.log").open("wb") as log:
            process = subprocess.Popen(command, env=self._env, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE_S
        while not _answers(f"http://127.0.0.1:{self.port}/healthz"):
            assert time.monotonic() < deadline, (self.data / "server.log").read_text("utf-8")
            time.sleep(0.1)
        return process


class Window:
    """What the user sees of it."""

    def __init__(self, server: CodeServer, page: Page) -> None:
        self.server = server
        self.page = page
        self.requested: set[str] = set()
        page.set_default_timeout(PATIENCE_S * 1000)
        page.on("request", lambda request: self.requested.add(request.url.split("/")[2]))
        page.goto(server.url)
        page.wait_for_selector(".monaco-workbench")
        page.wait_for_selector('[id="slm-lsp.slm-lsp.slm-lsp.status"]')
        self.wait_for_status("is ready")
        # A window asks for no ghost text while it is still loading.
        self.open("first.py", "def add(a, b):\n    return a + b\n\n\ndef subtract(a, b):\n    ")
        self.type_until_ghost("r")
        self.press("Escape")

    def open(self, name: str, text: str) -> None:
        """Write a file into the project, open it, and put the cursor at its end."""
        (self.server.world.project / name).write_text(text, "utf-8")
        while not self._found("Control+p", name):
            self.press("Escape")  # the search for files may have begun before there was this one
        self.press("Enter")
        self.page.wait_for_selector(f'.tab.active[data-resource-name="{name}"]')
        self.page.wait_for_selector(".native-edit-context:focus", state="attached")
        self.press("Control+End")

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type as a person does."""
        self.page.keyboard.type(text, delay=40)

    def type_until_ghost(self, text: str) -> None:
        """Type `text`, and once more where nobody was there yet to be asked for ghost text."""
        deadline = time.monotonic() + PATIENCE_S
        self.type(text)
        self.page.wait_for_timeout(ASKING_MS)
        while not self.ghost():
            assert time.monotonic() < deadline, self.server.log()
            self.press(*["Backspace"] * len(text))
            self.type(text)
            self.page.wait_for_timeout(ASKING_MS)

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

    def wait_for_status(self, part: str) -> None:
        """Wait until the item in the status bar says `part`."""
        self._wait(self.status, lambda said: part in said, part)

    def run(self, title: str) -> None:
        """Run a command by its title, as the command palette does."""
        assert self._found("F1", title)
        self.press("Enter")

    def choose_action(self, title: str, picture: str = "") -> None:
        """Choose a code action at the cursor by its title, from the menu."""
        deadline = time.monotonic() + PATIENCE_S
        row = self.page.locator(".action-widget .monaco-list-row", has_text=title)
        while not row.count():
            assert time.monotonic() < deadline, self.page.locator(
                ".action-widget"
            ).all_inner_texts()
            self.press("Escape")
            self.run("Refactor...")
            self.page.wait_for_timeout(ASKING_MS)
        if picture:
            self.picture(picture)
        row.first.click()

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

    def _wait(self, look: Callable[[], str], good: Callable[[str], bool], wanted: object) -> str:
        deadline = time.monotonic() + PATIENCE_S
        while not good(seen := look()):
            assert time.monotonic() < deadline, f"{seen!r} instead of {wanted!r}"
            self.page.wait_for_timeout(20)
        return seen

    def picture(self, name: str) -> None:
        """Keep what is on screen and in the log, for people to look at."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")
        (PICTURES / f"{name}.log").write_text(self.server.log(), "utf-8")


@contextmanager
def browsing() -> Iterator[Page]:
    """Run a browser and lend its one page."""
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    path = str(code_server.browser())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=quiet)
        yield browser.new_page(viewport={"width": 1000, "height": 600})
        browser.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except (OSError, urllib.error.URLError):
        return False
