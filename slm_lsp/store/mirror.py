"""Model files from a mirror: a folder, such as a file share, or an HTTPS server's.

A mirror is nothing but a folder with the files as the catalog calls them. `SHA256SUMS` in it, as
`sha256sum` writes it, has the checksums of those that the catalog does not pin.

The standard library speaks HTTP here, as it is told by the usual variables for proxies, and
truststore checks certificates as pip has it do: against the system's own authorities, the
company's among them, and SSL_CERT_FILE. Passwords come from the user's netrc file, as pip's do.
"""

from __future__ import annotations

import contextlib
import http.client
import netrc
import ssl
import urllib.error
import urllib.request
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn
from urllib.parse import quote, urlsplit

import msgspec
import truststore

from slm_lsp.errors import PullFailed, TransferInterrupted
from slm_lsp.store.transfer import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

SUMS = "SHA256SUMS"

_TIMEOUT_S = 60.0
"""How long a server may be silent."""

_SUMS_MAX = 1024 * 1024

_MISSING = (404, 410)

_BUSY = (408, 425, 429, 500, 502, 503, 504)
"""Status codes of a server that may answer differently in a moment."""


class UrlFile(msgspec.Struct, frozen=True):
    """A file on a server."""

    url: str

    @contextlib.contextmanager
    def open(self, start: int, version: str) -> Iterator[Stream]:
        """Do what `Remote` says; the version is the server's validator."""
        headers = {}
        if start:
            headers = {"Range": f"bytes={start}-", "If-Range": version.rpartition(" ")[2]}
            headers = headers if version.startswith(f"{self.url} ") else {}
        with _request(self.url, headers) as response:
            begin, total = _extent(self.url, response, start)
            validator = _validator(response.headers)
            version = f"{self.url} {validator}" if validator else ""
            yield Stream(begin, total, version, lambda most: _read(self.url, response, most))


class LocalFile(msgspec.Struct, frozen=True):
    """A file in a folder of this machine, or mounted there."""

    path: Path

    @contextlib.contextmanager
    def open(self, start: int, version: str) -> Iterator[Stream]:
        """Do what `Remote` says; the version is the file's place, size and time."""
        with self.path.open("rb") as file:
            seen = self.path.stat()
            now = f"{self.path} {seen.st_size} {seen.st_mtime_ns}"
            start = start if version == now else 0
            file.seek(start)
            yield Stream(start, seen.st_size, now, file.read)


def sums_at(base: str) -> str:
    """Return the text of a server's SHA256SUMS, empty where it has none. Raises PullFailed."""
    url = f"{base}/{SUMS}"
    try:
        with _request(url, {}) as response:
            return _read(url, response, _SUMS_MAX).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def sum_of(file: str, sums: str) -> str:
    """Return the checksum that the text of SHA256SUMS has for `file`, empty where it has none."""
    for line in sums.splitlines():
        digest, _, name = line.strip().partition(" ")
        if name.lstrip(" *").removeprefix("./") == file and len(digest) == 64:
            return digest.lower()
    return ""


def url_of(base: str, file: str) -> str:
    """Return the URL of the mirror's `file`."""
    return f"{base}/{quote(file)}"


@contextlib.contextmanager
def _request(url: str, headers: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
    """Raise FileNotFoundError where the server has no such file; else as `Remote.open` says."""
    asked = urllib.request.Request(  # noqa: S310  # the mirror's address was checked
        url, headers=headers | {"Accept-Encoding": "identity"} | _credentials(url)
    )
    try:
        response = _opener().open(asked, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        _refuse(url, error)
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise PullFailed(
                f"{urlsplit(url).netloc} has a certificate that nobody on this machine vouches for "
                f"({error.reason.verify_message}); add its authority to the system's, or name its "
                "file in SSL_CERT_FILE."
            ) from error
        raise TransferInterrupted(f"{url} cannot be reached ({error.reason}).") from error
    except (OSError, http.client.HTTPException) as error:
        raise TransferInterrupted(f"{url} gives no sound answer ({error!r}).") from error
    with response:
        yield response


def _refuse(url: str, error: urllib.error.HTTPError) -> NoReturn:
    if error.code in _MISSING:
        raise FileNotFoundError(url) from error
    said = f"{url} is refused: {error.code} {error.reason}"
    if error.code in _BUSY:
        raise TransferInterrupted(f"{said}.") from error
    if error.code in (401, 403):
        said += "; if it wants a password, put that into your netrc file"
    raise PullFailed(f"{said}.") from error


def _read(url: str, response: http.client.HTTPResponse, most: int) -> bytes:
    try:
        return response.read(most)
    except (OSError, http.client.HTTPException) as error:
        raise TransferInterrupted(
            f"The connection to {urlsplit(url).netloc} broke ({error!r}); what has arrived is "
            "kept, and the same command goes on from there."
        ) from error


def _extent(url: str, response: http.client.HTTPResponse, wanted: int) -> tuple[int, int]:
    """Return where the answer begins and how long the whole file is. Raises PullFailed."""
    length = response.headers.get("Content-Length", "")
    if response.status == http.client.PARTIAL_CONTENT:
        unit, _, span = response.headers.get("Content-Range", "").partition(" ")
        begin, total = span.partition("-")[0], span.partition("/")[2]
        if unit == "bytes" and begin == str(wanted) and total.isdecimal():
            return wanted, int(total)
    elif length.isdecimal():
        return 0, int(length)
    raise PullFailed(f"{url} does not say how long the file is, or sends another part of it.")


def _validator(headers: http.client.HTTPMessage) -> str:
    """Return what a range may be asked for with; a weak ETag does not stand for each byte."""
    etag = str(headers.get("ETag", ""))
    return etag if etag.startswith('"') else str(headers.get("Last-Modified", ""))


def _credentials(url: str) -> dict[str, str]:
    try:
        found = netrc.netrc().authenticators(urlsplit(url).hostname or "")
    except (OSError, netrc.NetrcParseError):
        return {}
    if found is None:
        return {}
    user, _account, password = found
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows what stays encrypted, and tells no other server the password."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise PullFailed(f"{req.full_url} leads to {newurl}, which is not encrypted.")
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            request.remove_header("Authorization")
        return request


@cache
def _opener() -> urllib.request.OpenerDirector:
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=context), _Redirects()
    )
