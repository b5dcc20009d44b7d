"""The transport: framed messages from stdin, answers to stdout.

pygls has a loop of its own, which hangs on a lower-case `content-length`, reads a body of any size
and shares its reading threads with slow handlers. Here one thread reads and one writes, so neither
a full pipe nor a slow client ever stops the event loop.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

MAX_HEADER = 8 * 1024
"""Bytes of headers before the first blank line; real clients send under a hundred."""

MAX_BODY = 256 * 1024 * 1024
"""Bytes of one message. Above, the peer is broken: its next message could not be found either."""

FLUSH_S = 1.0
"""Seconds the last answers get to leave when the server ends."""


class BadFrame(Exception):
    """The stream does not follow the protocol; nothing after it can be understood."""


class Stdout:
    """A writer for pygls: takes answers at once and passes them on in their order.

    What a pipe is sure to take is written right away; a thread writes what has to wait.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._queued = 0
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._drain, name="stdout", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Send `data`; never blocks."""
        with self._lock:
            rest = data if self._queued else data[self._written(data) :]
            if rest:
                self._queued += 1
                self._queue.put(rest)

    def _written(self, data: bytes) -> int:
        """Write `data` if that cannot block, and return how many bytes were.

        A pipe that can be written to takes `PIPE_BUF` bytes at once (pipe(7)).
        """
        writable = [(self._descriptor, select.POLLOUT)]
        if len(data) > select.PIPE_BUF or self._poll.poll(0) != writable:
            return 0
        try:
            return os.write(self._descriptor, data)
        except OSError:
            return len(data)  # the client is gone: reading stdin will say so

    def close(self) -> None:
        """Let what is queued leave, for `FLUSH_S` at most."""
        self._queue.put(None)
        self._thread.join(FLUSH_S)

    def _drain(self) -> None:
        with contextlib.suppress(OSError):  # the client is gone: reading stdin will say so
            while (data := self._queue.get()) is not None:
                view = memoryview(data)
                while view:
                    view = view[os.write(self._descriptor, view) :]
                with self._lock:
                    self._queued -= 1


def take_stdout() -> int:
    """Return a descriptor for the protocol and send what else prints to stdout to stderr."""
    descriptor = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return descriptor


def read_on(
    stream: Iterator[bytes],
    loop: asyncio.AbstractEventLoop,
    receive: Callable[[bytes], None],
    ended: Callable[[], None],
) -> None:
    """Start a thread that calls `receive` on `loop` with every body and `ended` after the last."""

    def read() -> None:
        with contextlib.suppress(BadFrame, OSError):
            for body in stream:
                loop.call_soon_threadsafe(receive, body)
        loop.call_soon_threadsafe(ended)

    def guarded() -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed while this thread was reading
            read()

    threading.Thread(target=guarded, name="stdin", daemon=True).start()


def frames(read: Callable[[], bytes]) -> Iterator[bytes]:
    """Yield the bodies in a stream whose next bytes `read` returns, none at its end.

    Raises BadFrame.
    """
    buffer = bytearray()
    while True:
        while (end := buffer.find(b"\r\n\r\n")) < 0:
            if len(buffer) > MAX_HEADER:
                raise BadFrame("headers too long")
            if not (more := read()):
                return
            buffer += more
        size = _content_length(bytes(buffer[:end]))
        del buffer[: end + 4]
        while len(buffer) < size:
            if not (more := read()):
                return
            buffer += more
        yield bytes(buffer[:size])
        del buffer[:size]


def _content_length(headers: bytes) -> int:
    """Return the body's length in bytes. Header names are case-insensitive (RFC 9110, 5.1)."""
    for line in headers.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            size = int(value)
            if size <= MAX_BODY:
                return size
    raise BadFrame("no usable Content-Length")
