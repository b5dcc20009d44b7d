"""A real Neovim with the plugin and the real server, spoken to over its msgpack-rpc socket."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from tests.harness.world import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.harness.world import World

PATIENCE_S = 20.0
"""Seconds any single wait may take; generous, because test machines are busy."""

PLUGIN = REPOSITORY / "editors" / "nvim"

NATIVE = """
vim.lsp.config('slm_lsp', ...)
vim.lsp.enable('slm_lsp')
vim.lsp.inline_completion.enable()
vim.keymap.set('i', '<Tab>', function() require('slm_lsp').accept() end)
"""
"""Neovim's own ghost text; the arguments are the configuration."""

PLUGIN_SETUP = """
local config = ...
require('slm_lsp').setup({ cmd = config.cmd, settings = config.init_options })
"""


class Neovim:
    """One Neovim. `setup` is Lua run with the server's configuration as its argument."""

    def __init__(self, program: Path, world: World, setup: str, settings: dict[str, Any]) -> None:
        self._socket_path = world.root / "nvim.sock"
        self._number = 0
        self._log = world.root / "nvim.log"
        env = {**world.env, "NVIM_LOG_FILE": str(self._log), "TERM": "xterm"}
        self.state = world.root / "state" / "nvim"
        self._process = subprocess.Popen(
            [program, "--clean", "--headless", "--listen", self._socket_path],
            cwd=world.project,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._socket = self._connect()
        plugin = world.root / "plugin"
        shutil.copytree(PLUGIN, plugin)  # `:helptags` writes into it
        self.lua("vim.opt.runtimepath:append(...)", str(plugin))
        self.call("nvim_command", f"helptags {plugin / 'doc'}")
        self.call("nvim_command", "filetype on")
        self.call("nvim_command", "runtime plugin/slm_lsp.lua")
        self.call("nvim_command", "set noswapfile hidden")
        cmd = [sys.executable, "-m", "slm_lsp"]
        self.lua(setup, {"cmd": cmd, "init_options": settings})

    def _connect(self) -> socket.socket:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self._socket_path))
            except OSError:
                connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                connection.settimeout(PATIENCE_S)
                return connection

    def call(self, method: str, *args: Any) -> Any:
        """Call a function of Neovim's API. Raises RuntimeError with Neovim's message."""
        self._number += 1
        self._socket.sendall(msgspec.msgpack.encode([0, self._number, method, args]))
        data = b""
        while True:  # answers come one at a time, so what decodes is complete
            chunk = self._socket.recv(65536)
            if not chunk:
                raise RuntimeError("Neovim is gone")
            data += chunk
            with suppress(msgspec.DecodeError):
                _, number, error, result = msgspec.msgpack.decode(data)
                break
        assert number == self._number
        if error:
            raise RuntimeError(str(error[1]))
        return result

    def lua(self, code: str, *args: Any) -> Any:
        """Run Lua in Neovim; return what it returns."""
        return self.call("nvim_exec_lua", code, list(args))

    def keys(self, keys: str) -> None:
        """Type `keys` as a user does, in Neovim's notation (`<Tab>`)."""
        self.call("nvim_input", keys)

    def open(self, path: Path, text: str) -> None:
        """Write a file and edit it, until the server is attached."""
        path.write_text(text, encoding="utf-8")
        self.call("nvim_command", f"edit {path}")
        self.wait(self.attached, "the server is not attached")

    def attached(self) -> bool:
        """Tell whether the server is attached to the current buffer."""
        return bool(
            self.lua(
                "local c = vim.lsp.get_clients({ bufnr = 0, name = 'slm_lsp' })[1]"
                "return c ~= nil and c.initialized == true"
            )
        )

    def wait(self, condition: Callable[[], Any], what: str, within: float = PATIENCE_S) -> Any:
        """Wait until `condition` returns something true, and return that."""
        deadline = time.monotonic() + within
        while not (found := condition()):
            assert time.monotonic() < deadline, f"{what} within {within} s; {self.said()}"
            time.sleep(0.01)
        return found

    def ghost(self) -> str:
        """Return the ghost text on screen, whoever drew it; empty if there is none."""
        drawn = self.lua("""
            for _, name in ipairs({ 'slm_lsp', 'nvim.lsp.inline_completion' }) do
              local namespace = vim.api.nvim_create_namespace(name)
              local marks = vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })
              if marks[1] then return marks[1][4] end
            end
        """)
        if not drawn:
            return ""
        hints = ("SlmLspHint", "ComplHintMore")
        lines = [drawn.get("virt_text", []), *drawn.get("virt_lines", [])]
        parts = ["".join(c[0] for c in line if c[1] not in hints) for line in lines]
        return "\n".join(parts)

    def wait_ghost(self, text: str) -> None:
        """Wait until the ghost text is `text`."""
        self.wait(lambda: self.ghost() == text, f"ghost text is {self.ghost()!r}, not {text!r}")

    def text(self) -> str:
        """Return the buffer's text."""
        return "\n".join(self.call("nvim_buf_get_lines", 0, 0, -1, True)) + "\n"

    def wait_text(self, text: str) -> None:
        """Wait until the buffer's text is `text`."""
        self.wait(lambda: self.text() == text, f"the text is {self.text()!r}, not {text!r}")

    def server_hash(self) -> str:
        """Return the SHA-256 of the document as the server has it."""
        found = self.lua("""
            local buffer = vim.api.nvim_get_current_buf()  -- 0 would not send what was typed
            local answers = vim.lsp.buf_request_sync(buffer, 'slm-lsp/documentHash',
              { uri = vim.uri_from_bufnr(0) }, 10000)
            return select(2, next(answers)).result.sha256
        """)
        return str(found)

    def assert_in_sync(self) -> None:
        """Fail unless the server's document is the buffer."""
        assert self.server_hash() == hashlib.sha256(self.text().encode()).hexdigest()

    def said(self) -> str:
        """Return Neovim's messages."""
        return str(self.call("nvim_exec2", "messages", {"output": True})["output"])

    def errors(self) -> str:
        """Return what Neovim and its language client logged as an error, and error messages."""
        logs = [self._log, *self.state.glob("lsp.log")]
        lines = [
            line
            for log in logs
            if log.exists()
            for line in log.read_text("utf-8", errors="replace").splitlines()
            if line.startswith(("[ERROR]", "ERR", "[WARN]"))
        ]
        message = str(self.call("nvim_get_vvar", "errmsg"))
        return "\n".join([*lines, *([message] if message else [])])

    def close(self) -> None:
        """End Neovim."""
        with suppress(OSError, RuntimeError):
            self.call("nvim_command", "qall!")
        self._socket.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.kill(self._process.pid, 9)
            self._process.wait()
