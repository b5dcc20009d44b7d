"""One window of the real VS Code, with the built extension, the real server and the real model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.editors.vscode.browser import browsing, opened
from tests.editors.vscode.server import MACHINE, VSIX, CodeServer
from tests.harness.world import World
from tools import code_server
from tools.machine import SetupFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.editors.vscode.window import Window


@pytest.fixture(scope="package")
def real_world() -> Iterator[World]:
    """Folders of their own, and the user's model store."""
    try:
        code_server.browser()
        code_server.entry()
    except SetupFailed as error:
        # Users need not have any of it. A machine that tests for all has to.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))
    assert VSIX.exists(), "make vsix builds the extension"
    world = World(test_model=True)
    yield world
    world.close()


@pytest.fixture(scope="package")
def browser(real_world: World) -> Iterator[Browser]:
    """Give all windows one browser."""
    del real_world  # which knows whether there is one
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="package")
def window(real_world: World, browser: Browser) -> Iterator[Window]:
    """Give every test the same window; each works in a file of its own."""
    with opened(CodeServer(real_world, MACHINE), browser) as window:
        window.wait_for_status("is ready")
        yield window


@pytest.fixture
def world(real_world: World) -> Iterator[World]:
    """Give each test folders of its own."""
    del real_world  # which knows whether there is a VS Code
    world = World(test_model=True)
    yield world
    world.close()


@pytest.fixture(autouse=True)
def picture_of_a_failure(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep what was on screen when a test failed."""
    failed_before = request.session.testsfailed
    yield
    if request.session.testsfailed > failed_before and "window" in request.fixturenames:
        request.getfixturevalue("window").picture(f"failed-{request.node.name}")
