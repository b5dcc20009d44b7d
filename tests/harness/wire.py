"""JSON-RPC messages as bytes, framed as the Language Server Protocol says.

Reading is strict on purpose: whatever reaches the server's stdout must be a message, so a stray
`print` anywhere in the server fails the test that caused it.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

MAX_HEADER = 8


class WireError(Exception):
    """The server wrote something that is not a framed JSON-RPC message."""


def frame(body: bytes, *, header: str = "Content-Length") -> bytes:
    """Put the length of `body` in front of it."""
    return f"{header}: {len(body)}\r\n\r\n".encode() + body


def encode(message: object) -> bytes:
    """Return `message` as the bytes an editor sends."""
    return frame(json.dumps(message, ensure_ascii=False).encode())


async def read(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """Read one message; None at the end of the stream. Raises WireError."""
    headers: dict[str, str] = {}
    while (line := await reader.readline()) != b"\r\n":
        if not line and not headers:
            return None
        name, colon, value = line.decode("ascii", "replace").partition(": ")
        if not colon or not line.endswith(b"\r\n") or len(headers) == MAX_HEADER:
            raise WireError(f"not a header line: {line[:200]!r}")
        headers[name] = value.strip()
    if not headers.get("Content-Length", "").isdecimal():
        raise WireError(f"no Content-Length in {headers}")
    try:
        message = json.loads(await reader.readexactly(int(headers["Content-Length"])))
    except (asyncio.IncompleteReadError, ValueError) as error:
        raise WireError(f"broken body: {error}") from error
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise WireError(f"not a JSON-RPC message: {message!r:.200}")
    return message
