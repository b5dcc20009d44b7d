"""llama.cpp's `llama-server`: starting it, asking it, ending it."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

from tools import peer
from tools.machine import SetupFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PRESET = (
    "--batch-size",
    "1024",
    "--ubatch-size",
    "1024",
    "--ctx-size",
    "0",
    "--cache-reuse",
    "256",
)
"""What its own presets for fill-in models (`--fim-qwen-1.5b-default` and the larger ones) set;
a context of 0 tokens is the model's own. `--spm-infill`, suffix first, is in none of them."""

LOADING_S = 60.0


class Server:
    """A running server. One request at a time, over one connection that stays open."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.pid = process.pid
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    async def infill(self, request: dict[str, Any]) -> dict[str, Any]:
        """Post `request` to `/infill` and return the answer."""
        return await asyncio.to_thread(self._post, json.dumps(request).encode())

    def healthy(self) -> bool:
        """Tell whether the model is loaded."""
        try:
            self._connection.request("GET", "/health")
            answer = self._connection.getresponse()
            answer.read()
        except OSError:
            self._connection.close()
            return False
        return answer.status == http.HTTPStatus.OK

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _post(self, body: bytes) -> dict[str, Any]:
        self._connection.request("POST", "/infill", body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        data: dict[str, Any] = json.loads(answer.read())
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"llama-server answered {answer.status}: {data}")
        return data


@contextlib.contextmanager
def serving(model: Path, threads: int) -> Iterator[Server]:
    """Run a server with `model` on `threads` threads. Raises SetupFailed."""
    port = _free_port()
    process = subprocess.Popen(
        [
            *(peer.program("llama-server"), "--model", model, *_PRESET),
            *("--threads", str(threads), "--host", "127.0.0.1", "--port", str(port)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Server(process, port)
    try:
        deadline = time.monotonic() + LOADING_S
        while not server.healthy():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SetupFailed("llama-server does not load the model; `make peer` built it.")
            time.sleep(0.1)
        yield server
    finally:
        server.close()
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
