"""One window of the real VS Code, with the built extension, the real server and the real model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.editors.vscode.server import MACHINE, VSIX, CodeServer
from tests.editors.vscode.window import Window, browsing
from tests.harness.world import World
from tools import code_server
from tools.machine import SetupFailed

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    world = World(real_store=True)
    yield world
    world.close()


@pytest.fixture(scope="package")
def window(real_world: World) -> Iterator[Window]:
    """Give every test the same window; each works in a file of its own."""
    server = CodeServer(real_world, MACHINE)
    try:
        with browsing() as page:
            window = Window(server, page)
            yield window
            assert window.hosts <= {"127.0.0.1", None}
    finally:
        server.close()


@pytest.fixture(autouse=True)
def picture_of_a_failure(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep what was on screen when a test failed."""
    failed_before = request.session.testsfailed
    yield
    if request.session.testsfailed > failed_before and "window" in request.fixturenames:
        request.getfixturevalue("window").picture(f"failed-{request.node.name}")
