"""Environments that VS Code is started in, as far as they decide where the server is found."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools import npm

if TYPE_CHECKING:
    from tests.harness.world import World


def without_server() -> dict[str, str]:
    """Return what makes an environment one with Node.js and Python, but without a server."""
    node = npm.environment()["PATH"].split(os.pathsep)[0]
    path = os.pathsep.join([node, f"{sys.base_prefix}/bin", "/usr/bin", "/bin"])
    return {"PATH": path, "PYTHONPATH": ""}


def server_on_path(world: World) -> dict[str, str]:
    """Return what puts the server on the PATH, behind the folder that is open."""
    programs = world.root / "bin"
    programs.mkdir()
    (programs / "slm-lsp").symlink_to(Path(sys.executable).with_name("slm-lsp"))
    return {"PATH": f".:{programs}:{npm.environment()['PATH']}"}
