"""A world of its own for a server under test: folders, environment, scripted models, processes."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import tempfile
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slm_lsp.models import record
from tests.harness.client import PATIENCE, SLM_LSP, Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

REPOSITORY = Path(__file__).resolve().parents[2]

ADD = {"after": "def add(a, b):\n    ", "text": "return a + b\n"}
"""The reply most tests ask for."""


TEST_MODEL = "slm-fim-135m"
"""Small enough for all tests that need a real model, and none in particular."""


@dataclass(frozen=True)
class Finished:
    """How a command line ended."""

    code: int
    stdout: str
    stderr: str


class World:
    """Everything the server may touch lies under `root`, whose path is short.

    A Unix socket's path has at most 107 bytes, which pytest's own temporary folders use up.
    With `real_store` the user's own model store is used instead of an empty one, with `test_model`
    a store that has the small model of that one, and nothing else.
    """

    def __init__(self, *, real_store: bool = False, test_model: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="slm-", ignore_cleanup_errors=True)
        self.root = Path(self._folder.name)
        self.runtime = self.root / "run"
        self.config = self.root / "config"
        self.project = self.root / "project"
        for folder in (self.config / "slm-lsp", self.project, self.root / "home"):
            folder.mkdir(parents=True)
        self.env = _environment(self.root, real_store=real_store or test_model)
        if test_model:
            store = self.root / "store"
            store.mkdir()
            (store / TEST_MODEL).symlink_to(record.place(TEST_MODEL))
            self.env["SLM_LSP_STORE"] = str(store)
        self.command: tuple[str, ...] = SLM_LSP  # what starts with it may stand before it

    def fake(self, *replies: Mapping[str, Any], **script: Any) -> str:
        """Write a script for the fake engine; return the name of its model.

        The same script has the same name, so servers that use it share an engine. Each reply is
        also given after CRLF line ends: tests do not care which ones a prompt has.
        """
        crlf = [{**reply, "after": reply["after"].replace("\n", "\r\n")} for reply in replies]
        script = {"token_ms": 0, **script, "replies": [*replies, *crlf]}
        content = json.dumps(script).encode()
        path = self.root / f"script-{hashlib.sha256(content).hexdigest()[:8]}.json"
        path.write_bytes(content)
        return f"fake:{path}"

    async def cli(self, *args: str, cwd: Path | None = None) -> Finished:
        """Run `slm-lsp ARGS` to its end."""
        process = await asyncio.create_subprocess_exec(
            *(*self.command, *args),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.env,
            cwd=cwd or self.project,
        )
        try:
            async with asyncio.timeout(PATIENCE * 2):
                out, err = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()
            raise
        assert process.returncode is not None
        return Finished(process.returncode, out.decode(), err.decode())

    async def engines(self) -> list[dict[str, Any]]:
        """Return what `slm-lsp engine status --json` prints about the engines that run."""
        finished = await self.cli("engine", "status", "--json")
        assert finished.code == 0, finished
        return list(json.loads(finished.stdout)["engines"])

    async def engine_status(self) -> dict[str, Any]:
        """Return what is printed about the one engine that runs."""
        [status] = await self.engines()
        return status

    async def engine_pid(self) -> int:
        """Return the process id of the running engine."""
        return int((await self.engine_status())["pid"])

    async def kill_engine(self) -> int:
        """Kill the engine as the kernel does when memory runs out; return its process id."""
        pid = await self.engine_pid()
        os.kill(pid, signal.SIGKILL)
        return pid

    def processes(self) -> list[int]:
        """Return the processes that live in this world."""
        mark = f"SLM_LSP_RUNTIME_DIR={self.runtime}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdecimal() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
        return found

    def close(self) -> None:
        """End what still runs in this world and remove its folder."""
        for sign, seconds in ((signal.SIGTERM, 1.0), (signal.SIGKILL, 3.0)):
            for pid in self.processes():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
                    os.kill(pid, sign)
            deadline = time.monotonic() + seconds
            while self.processes() and time.monotonic() < deadline:
                time.sleep(0.01)
        self._folder.cleanup()


def _environment(root: Path, *, real_store: bool) -> dict[str, str]:
    """Return an environment in which every folder a program may write to lies under `root`."""
    kept = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env |= {f"XDG_{name}_HOME": str(root / name.lower()) for name in ("CONFIG", "CACHE", "STATE")}
    env["SLM_LSP_RUNTIME_DIR"] = str(root / "run")
    env["PYTHONPATH"] = str(REPOSITORY)
    if real_store:
        owned = ("HOME", "XDG_DATA_HOME", "SLM_LSP_STORE")
        return env | {name: os.environ[name] for name in owned if name in os.environ}
    env["HOME"] = str(root / "home")
    env["XDG_DATA_HOME"] = str(root / "data")
    env["SLM_LSP_STORE"] = str(root / "store")
    return env


@asynccontextmanager
async def serving(
    world: World,
    options: Any = None,
    *,
    args: tuple[str, ...] = ("serve", "--stdio"),
    settings: Any = None,
    **params: Any,
) -> AsyncIterator[Client]:
    """Run an initialized server with `options` as its settings; stop and check it at the end.

    `settings` is what it gets when it asks for them; `params` go into the initialize request.
    """
    client = await Client.start(world.env, *args, cwd=world.project, command=world.command)
    client.settings = settings
    try:
        await initialize(client, options, **params)
        yield client
        if client.process.returncode is None:
            assert await client.stop() == 0
        client.check()
    finally:
        await client.close()


async def initialize(client: Client, options: Any = None, **params: Any) -> dict[str, Any]:
    """Do the handshake and return the server's answer. `encodings` are the position encodings."""
    encodings = params.pop("encodings", None)
    general = {} if encodings is None else {"general": {"positionEncodings": encodings}}
    capabilities = {
        **general,
        "experimental": {"slmLspTimings": True},
        **params.pop("capabilities", {}),
    }
    params = {"processId": os.getpid(), "rootUri": None, **params, "capabilities": capabilities}
    result: dict[str, Any] = await client.request(
        "initialize", {**params, "initializationOptions": options}
    )
    client.encoding = result["capabilities"].get("positionEncoding", "utf-16")
    client.notify("initialized", {})
    return result
