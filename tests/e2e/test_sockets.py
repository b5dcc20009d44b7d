"""What the kernel saw of an editing run: no socket but Unix ones is ever asked for."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.administrator import require
from tests.harness.editor import Editor
from tests.harness.world import ADD, REPOSITORY, World, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

UNIX = {"AF_UNIX", "AF_LOCAL"}
TRACE = ("strace", "-f", "-qq", "-e", "trace=network,io_uring_setup,pidfd_getfd", "-o")


@pytest.fixture
def trace(world: World) -> Path:
    return traced(world)


@pytest.fixture
def real_world() -> Iterator[World]:
    world = World(test_model=True)
    yield world
    world.close()


def traced(world: World) -> Path:
    """Trace all that `world` starts from now on; return the file that takes what was seen."""
    require("strace", "-f", "true")
    log = world.root / "trace"
    world.command = (*TRACE, str(log), *world.command)
    return log


def lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines()


def families(log: Path) -> Iterator[str]:
    """Yield the family of each socket that was asked for, whether it was given or not."""
    for line in lines(log):
        if found := re.search(r"\bsocket(?:pair)?\((\w+)", line):
            yield found[1]


async def edit(world: World, model: str) -> None:
    """Type, take what is offered, ask for an action, change a file beside; with an index."""
    (world.project / "other.py").write_text("def helper(a, b):\n    return a\n", encoding="utf-8")
    settings = {
        "model": model,
        "engine": {"sharing": "private"},
        "context": {"definitionTokens": 200},
    }
    root = world.project.as_uri()
    folders = [{"uri": root, "name": "project"}]
    async with serving(world, settings, rootUri=root, workspaceFolders=folders) as client:
        text = "from other import helper\n\n\ndef add(a, b):\n    |\n"
        editor = Editor(client, text, uri=f"{root}/a.py")
        assert await editor.ghost() == "return a + b"
        editor.type("return a")
        assert await editor.ghost() == " + b"
        where = {"start": {"line": 3, "character": 0}, "end": {"line": 4, "character": 0}}
        params = {
            "textDocument": {"uri": editor.buffer.uri},
            "range": where,
            "context": {"diagnostics": []},
        }
        assert await client.request("textDocument/codeAction", params)
        client.inbox.take("window/logMessage")


async def test_editing_asks_for_no_network_socket(world: World, trace: Path):
    await edit(world, world.fake(ADD))
    seen = list(families(trace))
    assert "AF_UNIX" in seen, "the engine's socket, without which nothing was traced"
    assert set(seen) <= UNIX
    assert len({line.split()[0] for line in lines(trace)}) > 2, "the server's own calls only"
    assert not [line for line in lines(trace) if "pidfd_getfd" in line]


@pytest.mark.model
async def test_editing_with_real_weights_asks_for_none_either(real_world: World):
    log = traced(real_world)
    source = (REPOSITORY / "slm_lsp" / "text" / "lines.py").read_text(encoding="utf-8")
    shown = 0
    options = {"engine": {"sharing": "private"}, "completion": {"budgetMs": 2000}}
    async with serving(real_world, options) as client:  # which tracing makes ten times slower
        await client.wait_for_notification("didChangeStatus", _ready, within=60)
        for end in [at for at in range(len(source)) if source.startswith(":\n", at)][:8]:
            editor = Editor(client, source[: end + 2] + "        ", caret=end + 10)
            editor.type("r")
            shown += bool(await editor.ghost())
            editor.close()
    assert shown
    assert set(families(log)) <= UNIX


def _ready(status: dict[str, Any]) -> bool:
    return bool(status["kind"] == "Normal" and "is ready" in status["message"])


@pytest.fixture
def sealing() -> None:
    """Skip the test where no process can give up the network."""
    asked = [
        sys.executable,
        "-c",
        "from slm_lsp.platform import sandbox as network; print(network.give_up(), end='')",
    ]
    if reason := subprocess.run(asked, capture_output=True, check=True, text=True).stdout:
        pytest.skip(reason)


@pytest.mark.usefixtures("sealing")
async def test_every_process_has_given_up_the_network(world: World):
    root = world.project.as_uri()
    settings = {"model": world.fake(ADD), "context": {"definitionTokens": 200}}
    folders = [{"uri": root, "name": "project"}]
    async with serving(world, settings, rootUri=root, workspaceFolders=folders) as client:
        editor = Editor(client, "def add(a, b):\n    |\n", uri=f"{root}/a.py")
        assert await editor.ghost() == "return a + b"
        found = {pid: modes(pid) for pid in world.processes()}
        assert {client.process.pid, await world.engine_pid()} < set(found), "the indexer, too"
        assert {mode for each in found.values() for mode in each} == {"2"}


def modes(pid: int) -> set[str]:
    """Return what the kernel says of seccomp in each thread of a process."""
    found: set[str] = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # one that has just ended
            found |= set(
                re.findall(r"^Seccomp:\s(\d)$", (task / "status").read_text(), re.MULTILINE)
            )
    return found


async def test_the_trace_would_show_it(world: World, trace: Path):
    code = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
    world.command = (*world.command[: world.command.index("-m")], "-c")
    assert (await world.cli(code)).code == 0
    assert "AF_INET" in families(trace)
