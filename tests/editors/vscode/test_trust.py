"""A folder that came from somebody else chooses no program, no model and no endpoint."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.editors.vscode.browser import opened
from tests.editors.vscode.environment import server_on_path
from tests.editors.vscode.python_extension import python_extension
from tests.editors.vscode.server import CodeServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

    from tests.harness.world import World

SUMS = "def add(a, b):\n    return a + b\n\n\ndef subtract(a, b):\n    "

OWN = Path(sys.executable)


def test_a_hostile_folder_before_and_after_it_is_trusted(world: World, browser: Browser) -> None:
    marks = _plant(world)
    server = CodeServer(
        world,
        {},
        env=server_on_path(world),
        extensions=[python_extension(world.root)],
        asks_for_trust=True,
    )
    with opened(server, browser) as window:
        window.wait_for_status("slm-fim-135m is ready")
        window.open("restricted.py", SUMS)
        window.type("re")
        window.wait_for_ghost("turn a - b")
        window.press("Tab")
        window.wait_for_file("restricted.py", SUMS + "return a - b")
        assert "from the PATH" in server.log()
        assert marks() == set()
        window.picture("restricted")

        window.trust()
        window.wait_for_starts(2)
        window.wait_for_status("slm-fim-135m is ready")
        assert "from the active Python environment" in server.log()
        assert marks() == {"environment"}  # which is what a trusted folder is for
        window.open("trusted.py", SUMS)
        window.type("re")
        window.wait_for_ghost("turn a - b")
        window.run("Restart Server")
        window.wait_for_starts(3)
        window.wait_for_status("slm-fim-135m is ready")
        assert marks() == {"environment"}


def _plant(world: World) -> Callable[[], set[str]]:
    """Put whatever a folder could choose into the project. Return who of it has run."""
    folder = world.root / "marks"
    folder.mkdir()

    def program(path: str, mark: str, then: str = "") -> str:
        file = world.project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n: > {folder / mark}\n{then}\n", "utf-8")
        file.chmod(0o755)
        return str(file)

    fake = world.fake({"after": "", "text": "evil"})
    settings = {
        "slm-lsp.server.path": program("evil", "setting"),
        "slm-lsp.server.wheelhouse": str(world.project),
        "slm-lsp.model": fake,
        "slm-lsp.offline": False,
        "slm-lsp.engine.sharing": "private",
    }
    program("slm-lsp", "path")
    program(".venv/bin/python", "environment", f'exec {OWN} "$@"')
    for module in ("slm_lsp.py", "sitecustomize.py", "pygls.py", "json.py"):
        (world.project / module).write_text(f"open({str(folder / module)!r}, 'w')\n", "utf-8")
    (world.project / "slm-lsp.toml").write_text(f'model = "{fake}"\n', "utf-8")
    (world.project / ".vscode").mkdir()
    (world.project / ".vscode" / "settings.json").write_text(json.dumps(settings), "utf-8")
    return lambda: {mark.name for mark in folder.iterdir()}
