"""A real VS Code in a browser's reach: code-server with the extension, in folders of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tools import code_server, npm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.harness.world import World

ROOT = Path(__file__).resolve().parents[3]
VSIX = ROOT / "build" / "slm-lsp.vsix"

PATIENCE_S = 20.0
"""A busy machine is no reason for a test to fail."""

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

NO_GALLERY = {"EXTENSIONS_GALLERY": '{"serviceUrl": "", "itemUrl": ""}'}
"""Without it VS Code asks a shop for extensions, of its own accord."""

AS_FROM_A_TERMINAL = {"VSCODE_CLI": "1"}
"""Otherwise VS Code takes its environment from a login shell, with whatever PATH that has."""

KEYS = [
    {"key": "ctrl+alt+l", "command": "editor.action.inlineSuggest.acceptNextLine"},
    {"key": "ctrl+alt+t", "command": "slm-lsp.toggle"},
    {"key": "ctrl+alt+s", "command": "slm-lsp.snooze"},
    {"key": "ctrl+alt+r", "command": "slm-lsp.restart"},
]
"""For commands that have no keys of their own."""


class CodeServer:
    """The process behind the window, with folders of its own in `world`."""

    def __init__(
        self,
        world: World,
        machine: Mapping[str, Any],
        *,
        env: Mapping[str, str] = MappingProxyType({}),
        extensions: Sequence[Path] = (),
        asks_for_trust: bool = False,
        opens: Path | None = None,
    ) -> None:
        self.world = world
        self._asks_for_trust = asks_for_trust
        self._opens = opens
        self.data = world.root / "vscode"
        self._write("User/settings.json", SETTINGS)
        self._write("User/keybindings.json", KEYS)
        self._write("Machine/settings.json", machine)
        quiet = {**NO_GALLERY, **AS_FROM_A_TERMINAL}
        self._env = {**world.env, **npm.environment(), **quiet, **env}
        for extension in (VSIX, *extensions):
            self._run("--install-extension", str(extension))
        self.port = _free_port()
        self._process = self._start()

    @property
    def url(self) -> str:
        """Where the window of the world's project is, or that of a file that names folders."""
        opens = f"workspace={self._opens}" if self._opens else f"folder={self.world.project}"
        return f"http://127.0.0.1:{self.port}/?{opens}"

    def set(self, **settings: object) -> None:
        """Change the user's settings, `__` for a dot, while VS Code runs."""
        changed = {name.replace("__", "."): value for name, value in settings.items()}
        self._write("User/settings.json", SETTINGS | changed)

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
        quiet = ["--disable-telemetry", "--disable-update-check"]
        if not self._asks_for_trust:
            quiet.append("--disable-workspace-trust")
        address = ("--auth", "none", "--bind-addr", f"127.0.0.1:{self.port}")
        command = self._command(*address, *quiet, "--disable-getting-started-override")
        with (self.data / "server.log").open("wb") as log:
            process = subprocess.Popen(command, env=self._env, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE_S
        while not _answers(f"http://127.0.0.1:{self.port}/healthz"):
            assert time.monotonic() < deadline, (self.data / "server.log").read_text("utf-8")
            time.sleep(0.1)
        return process


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
