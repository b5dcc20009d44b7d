"""A server of model files on this machine that breaks off, lies and passes on when it is told to.

It speaks as a plain file server does, and as Hugging Face does: a path with `/resolve/` in it is
answered with where the file really is, which is under another host name.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMIT = "c0ffee" * 6 + "c0ff"

_PIECE = 4096


@dataclass
class Mirror:
    """What the server has, how it fails, and what it was asked.

    `ends_at` and `wrong_at` are offsets in every file: it breaks off before the one, and sends a
    wrong byte at the other. `ends` counts how often it still breaks off. `status` and `error_code`
    are all it answers, `leads_to` is where it passes on to. `asked` has the path, the first byte
    wanted and the Authorization of each GET; `paths` and `heads` have those of each HEAD.
    """

    files: dict[str, bytes]
    port: int = 0
    ends_at: int = -1
    ends: int = 10**6
    wrong_at: int = -1
    ranges: bool = True
    etag: str | None = None
    status: int = 0
    error_code: str = ""
    leads_to: str = ""
    paths: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    asked: list[tuple[str, int, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the files are."""
        return f"http://127.0.0.1:{self.port}"

    def starts(self, path: str) -> list[int]:
        """Return the first byte of each request for `path`."""
        return [start for asked, start, _ in self.asked if asked == path]

    def heal(self) -> None:
        """Stop failing, and forget what was asked."""
        self.ends_at = self.wrong_at = -1
        self.ends = 10**6
        self.status = 0
        self.asked.clear()


@contextlib.contextmanager
def serving(files: dict[str, bytes]) -> Iterator[Mirror]:
    """Serve `files`, by path, as long as the context lasts."""
    mirror = Mirror(files)

    class Handler(_Handler):
        about = mirror

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        mirror.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield mirror
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    about: Mirror
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_HEAD(self) -> None:
        """Answer as Hugging Face does."""
        self.about.paths.append(self.path)
        self.about.heads.append(self.headers.get("Authorization", ""))
        self._answer(body=False)

    def do_GET(self) -> None:
        """Answer with the file, or a part of it."""
        wanted = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-")
        token = self.headers.get("Authorization", "")
        self.about.asked.append((self.path, int(wanted), token))
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        content = self.about.files.get(self.path.rpartition("/")[2])
        if self.about.status:
            self._head(
                self.about.status,
                {"Content-Length": "0", "X-Error-Code": self.about.error_code},
            )
        elif content is None:
            self._head(404, {"Content-Length": "0", "X-Error-Code": "EntryNotFound"})
        elif "/resolve/" in self.path:
            digest = hashlib.sha256(content).hexdigest()
            linked = {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(content))}
            where = f"http://localhost:{self.about.port}/cdn/{self.path.rpartition('/')[2]}"
            self._head(
                302, linked | {"X-Repo-Commit": COMMIT, "Location": where, "Content-Length": "0"}
            )
        elif self.about.leads_to:
            self._head(302, {"Location": self.about.leads_to, "Content-Length": "0"})
        elif body:
            self._send(content)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, content: bytes) -> None:
        about = self.about
        etag = about.etag if about.etag is not None else f'"{hashlib.md5(content).hexdigest()}"'
        wanted = self.headers.get("Range") if about.ranges else None
        if self.headers.get("If-Range", etag) != etag:
            wanted = None
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        headers = {"Content-Length": str(len(content) - start)} | ({"ETag": etag} if etag else {})
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._head(HTTPStatus.PARTIAL_CONTENT if wanted else HTTPStatus.OK, headers)
        sent = bytearray(content)
        if about.wrong_at >= 0:
            sent[about.wrong_at] ^= 1
        end = len(content)
        if about.ends_at >= 0 and about.ends > 0 and about.ends_at < end:
            end = about.ends_at
            about.ends -= 1
        with contextlib.suppress(OSError):  # who asked may be gone
            for at in range(start, end, _PIECE):
                self.wfile.write(sent[at : min(at + _PIECE, end)])
        self.close_connection = True
