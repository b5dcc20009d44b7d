"""Where an engine listens: a Unix socket that only this user can reach.

The socket's name is made of everything that makes two engines different, so servers that agree on
all of it meet in one process and any others never do.
"""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.errors import EngineUnavailable
from slm_lsp.inference.protocol import PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_SOCKET_PATH = 107
"""Bytes that fit into `sun_path` on Linux, the terminating zero left out (unix(7))."""


class EngineOptions(msgspec.Struct, frozen=True):
    """What an engine process is started with. `owner` is a server's process id, or 0: shared."""

    model: str
    sha256: str
    threads: int
    context_tokens: int
    idle_s: float
    background_share: float = 0.5
    parked_bytes: int = 0
    fim: str = "auto"
    gpu_layers: int = 0
    owner: int = 0


def socket_path(options: EngineOptions) -> Path:
    """Return where the engine with `options` listens. Raises EngineUnavailable."""
    identity = hashlib.sha256(msgspec.json.encode([PROTOCOL, options])).hexdigest()[:16]
    path = runtime_dir() / f"{identity}.sock"
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        raise EngineUnavailable(
            f"{path} is too long for a socket; set SLM_LSP_RUNTIME_DIR to a shorter folder."
        )
    return path


def runtime_dir() -> Path:
    """Return the folder of this user's sockets, made if need be. Raises EngineUnavailable.

    It is `$SLM_LSP_RUNTIME_DIR`, else `slm-lsp` in `$XDG_RUNTIME_DIR`, else one of the user's own
    in the temporary folder. It must belong to the user and be closed to everybody else.
    """
    path = Path(os.environ.get("SLM_LSP_RUNTIME_DIR") or _default_dir())
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise EngineUnavailable(f"The folder {path} for the engine's socket: {error}.") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise EngineUnavailable(
            f"{path} must be a folder of yours that nobody else can read (chmod 700); "
            "remove it, or set SLM_LSP_RUNTIME_DIR to another."
        )
    return path


def sockets() -> Iterator[Path]:
    """Yield the sockets in this user's folder; some may have nobody behind them."""
    yield from sorted(runtime_dir().glob("*.sock"))


def check_peer(connection: socket.socket) -> None:
    """Raise EngineUnavailable unless the other end of `connection` runs as this user."""
    if not hasattr(socket, "SO_PEERCRED"):
        return  # the folder's permissions are the guard where the system does not name the peer
    size = struct.calcsize("3i")
    _pid, uid, _gid = struct.unpack(
        "3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    )
    if uid != os.getuid():
        raise EngineUnavailable("The engine's socket belongs to another user.")


def _default_dir() -> Path:
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base and Path(base).is_dir():
        return Path(base) / "slm-lsp"
    return Path(tempfile.gettempdir()) / f"slm-lsp-{os.getuid()}"
