"""The browser that shows VS Code."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests.editors.vscode.window import Window
from tools import code_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.editors.vscode.server import CodeServer


@contextmanager
def browsing() -> Iterator[Browser]:
    """Run a browser."""
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    path = str(code_server.browser())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=quiet)
        yield browser
        browser.close()


@contextmanager
def opened(server: CodeServer, browser: Browser) -> Iterator[Window]:
    """Open a window, and end the server behind it in the end."""
    try:
        with browser.new_context(viewport={"width": 1000, "height": 600}) as context:
            window = Window(server, context.new_page())
            yield window
            assert window.hosts <= {"127.0.0.1", None}
    finally:
        server.close()
