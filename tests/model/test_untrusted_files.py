"""Model files with something wrong with them, given to the real engine process and server."""

from __future__ import annotations

import asyncio
import collections
import itertools
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.client.connection import greet
from slm_lsp.inference.client.launch import launch
from slm_lsp.inference.endpoint import EngineOptions, socket_path
from slm_lsp.inference.gguf import reader
from slm_lsp.inference.protocol import (
    Generate,
    Prompt,
    RequestFinished,
    State,
)
from slm_lsp.models import record, resolve
from slm_lsp.models.runtime import environment
from tests.harness.editor import Editor
from tests.harness.mutations import MUTATIONS, extreme, mutated
from tests.harness.world import REPOSITORY, World, serving
from tests.model.test_phi_and_mistral import install

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from slm_lsp.inference.framing import FramedConnection
    from slm_lsp.inference.protocol import ToClient

KINDS = [it.__name__.strip("_") for it in MUTATIONS]


def unsound(sound: Path, kind: str) -> bytes:
    """Return the first file changed in the way `kind` that the reader refuses."""
    content = sound.read_bytes()
    path = sound.with_name("unsound.gguf")
    header = header_length(sound)
    for how, changed in mutated(content, header, 300):
        path.write_bytes(changed)
        if how == kind and refused(path):
            return changed
    raise AssertionError(kind)


def header_length(sound: Path) -> int:
    last = reader.read(sound).tensors[-1]
    return sound.stat().st_size - last.offset - last.size


def refused(path: Path) -> bool:
    try:
        reader.read(path)
    except ModelUnusable:
        return True
    return False


async def settled(wire: FramedConnection[ToClient]) -> State:
    async with asyncio.timeout(10):
        while True:
            message = await wire.next()
            if isinstance(message, State) and message.kind != "loading":
                return message


@pytest.mark.parametrize("kind", KINDS)
async def test_the_engine_survives_and_says_what_is_wrong(
    kind: str, tiny_model: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(record.STORE_VARIABLE, str(tmp_path / "store"))
    file = tmp_path / "hostile.gguf"
    file.write_bytes(unsound(tiny_model("Phi-3 Mini"), kind))
    install("own", file)
    options = EngineOptions("own", resolve("own").sha256, 1, 512, 60.0)
    process = launch(options)
    try:
        wire = await connected(socket_path(options))
        state = await settled(wire)
        assert state.kind == "failed"
        assert state.detail.startswith("model.gguf is not a sound model file: ")
        wire.send([Generate(1, "a", Prompt("a.py", "python", "x", ""), 4)])
        assert await wire.next() == RequestFinished(1, "failed", state.detail)
        assert process.poll() is None
        wire.close()
    finally:
        process.terminate()
        assert await asyncio.to_thread(process.wait, 10) == 0


async def connected(path: Path) -> FramedConnection[ToClient]:
    async with asyncio.timeout(20):
        while True:
            try:
                wire, _ = await greet(path)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                return wire


@pytest.mark.parametrize("family", ["Phi-3 Mini", "Qwen3-Coder", "StarCoder"])
def test_llama_cpp_survives_whatever_the_reader_lets_pass(
    family: str, tiny_model: Callable[..., Path], tmp_path: Path
) -> None:
    sound = tiny_model(family)
    content = sound.read_bytes()
    header = header_length(sound)
    path = tmp_path / "changed.gguf"
    passed = tmp_path / "passed"
    passed.mkdir()
    values = reader.read(sound).values
    for number, (_, changed) in enumerate(
        itertools.chain(mutated(content, header, 300), extreme(content, values))
    ):
        path.write_bytes(changed)
        if not refused(path):
            path.rename(passed / f"{number}.gguf")
    ended = subprocess.run(
        [sys.executable, "-m", "tests.harness.survival", passed],
        cwd=REPOSITORY,
        env=environment(),
        stdout=subprocess.PIPE,
        check=True,
    )
    found = collections.Counter(json.loads(ended.stdout).values())
    assert found.keys() == {"ran", "refused"}, found


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch):
    world = World()
    monkeypatch.setenv(record.STORE_VARIABLE, world.env[record.STORE_VARIABLE])
    yield world
    world.close()


async def test_the_server_shows_it_and_goes_on(world: World, tiny_model: Callable[..., Path]):
    install("good", tiny_model("Phi-3 Mini"))
    bad = world.root / "bad.gguf"
    bad.write_bytes(unsound(tiny_model("Phi-3 Mini"), "nested"))
    install("bad", bad)
    async with serving(world, {"model": "bad"}) as client:
        failed = await client.wait_for_notification(
            "didChangeStatus", lambda params: params["kind"] == "Error"
        )
        assert "model.gguf is not a sound model file" in failed["message"]
        assert await Editor(client, "x = ", caret=4).items() == []
        client.notify(
            "workspace/didChangeConfiguration", {"settings": {"slm-lsp": {"model": "good"}}}
        )
        await client.wait_for_notification(
            "didChangeStatus", lambda params: params["message"].endswith("is ready")
        )
        assert await Editor(client, "y = ", caret=4).ghost() == "ok"
        client.inbox.take("window/logMessage")
