"""The engine with real weights, which gave up the network before it opened them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from slm_lsp.inference.client.admin import status_of
from slm_lsp.inference.client.client import EngineClient
from slm_lsp.inference.client.launch import options_for
from slm_lsp.inference.endpoint import socket_path
from slm_lsp.inference.protocol import Generate, Prompt, Token
from slm_lsp.settings.schema import Settings
from tests.harness.world import TEST_MODEL

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.model

ENGINE = """
import os, signal, socket, sys, threading
from slm_lsp.inference.worker import process

def probe():
    sys.stdin.read()  # until the test has seen an answer
    try:
        socket.socket(socket.AF_INET)
    except PermissionError:
        print("refused", flush=True)
    else:
        print("opened", flush=True)
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=probe, daemon=True).start()
process.main(sys.argv[1:])
"""


@pytest.fixture
def engine() -> Iterator[subprocess.Popen[bytes]]:
    """The engine's own program, with a thread in it that tries to open a network socket."""
    options = msgspec.json.encode(options_for(Settings(model=TEST_MODEL))).decode()
    process = subprocess.Popen(
        [sys.executable, "-c", ENGINE, options], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    yield process
    process.kill()
    process.communicate()


def modes(process: subprocess.Popen[bytes]) -> list[str]:
    """Return the line on seccomp in the status of each thread."""
    tasks = Path(f"/proc/{process.pid}/task").iterdir()
    text = "".join((task / "status").read_text() for task in tasks)
    return [line for line in text.splitlines() if line.startswith("Seccomp:")]


@pytest.mark.usefixtures("small_model")
async def test_a_sealed_engine_answers_and_opens_no_socket(engine: subprocess.Popen[bytes]):
    path = socket_path(options_for(Settings(model=TEST_MODEL)))
    async with asyncio.timeout(60):
        while not path.exists():  # noqa: ASYNC110 (no event from there)
            await asyncio.sleep(0.02)
    client = EngineClient(Settings(model=TEST_MODEL))
    text = ""
    prompt = Prompt("a.py", "python", "def add(a, b):\n    return", "")
    async for event in client.generate(Generate(0, "a", prompt, 8, ("\n",))):
        text += event.text if isinstance(event, Token) else ""
    await client.close()
    assert text.strip()
    status = await status_of(path)
    assert status.pid == engine.pid
    if status.unsealed:
        pytest.skip(status.unsealed)
    found = modes(engine)
    assert len(found) > 1
    assert set(found) == {"Seccomp:\t2"}
    said, _ = await asyncio.to_thread(engine.communicate)
    assert said == b"refused\n"
