"""The transport: framed messages from stdin, answers to stdout.

pygls has a loop of its own, which hangs on a lower-case `content-length`, reads a body of any size
and shares its reading threads with slow handlers. Here the event loop reads what has arrived, and
writes what the pipe takes; a thread writes the rest, so no slow client ever stops the loop.
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
    from collections.abc import Callable

MAX_HEADER = 8 * 1024
"""Bytes of headers before the first blank line; real clients send under a hundred."""

MAX_BODY = 256 * 1024 * 1024
"""Bytes of one message. Above, the peer is broken: its next message could not be found either."""

CHUNK = 64 * 1024
"""Bytes read at once: as much as a pipe holds (pipe(7))."""

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


class Stdin:
    """Cuts what arrives on a descriptor into the bodies of messages."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._buffer = bytearray()

    def next(self) -> bytes | None:
        """Wait for a message; None at the end of the stream. Raises BadFrame or OSError."""
        while (body := self._cut()) is None:
            if not (more := os.read(self._descriptor, CHUNK)):
                return None
            self._buffer += more
        return body

    def listen(
        self,
        loop: asyncio.AbstractEventLoop,
        receive: Callable[[bytes], None],
        ended: Callable[[], None],
    ) -> None:
        """Call `receive` on `loop` with every message and `ended` after the last.

        Reading never waits, because the system says when there is something. A thread that reads
        in the loop's place would cost 0.3 to 0.7 ms at each key.
        """

        def take(more: bytes) -> None:
            self._buffer += more
            while (body := self._cut()) is not None:
                receive(body)

        def readable() -> bool:
            with contextlib.suppress(BadFrame, OSError):
                if more := os.read(self._descriptor, CHUNK):
                    take(more)
                    return True
            loop.remove_reader(self._descriptor)
            ended()
            return False

        try:
            take(b"")
            loop.add_reader(self._descriptor, readable)
        except BadFrame:
            ended()
        except PermissionError:  # a file, which has all it will ever have
            while readable():
                pass

    def _cut(self) -> bytes | None:
        """Take the next message out of the buffer, if all of it is there. Raises BadFrame."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEADER:
                raise BadFrame("headers too long")
            return None
        start = end + 4
        size = _content_length(bytes(self._buffer[:end]))
        if len(self._buffer) < start + size:
            return None
        body = bytes(self._buffer[start : start + size])
        del self._buffer[: start + size]
        return body


def _content_length(headers: bytes) -> int:
    """Return the body's length in bytes. Header names are case-insensitive (RFC 9110, 5.1)."""
    for line in headers.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            size = int(value)
            if size <= MAX_BODY:
                return size
    raise BadFrame("no usable Content-Length")
