"""A file on a server, over HTTP.

The standard library speaks HTTP here, as the usual variables for proxies tell it, and truststore
checks certificates as pip has it do: against the system's own authorities, the company's among
them, and SSL_CERT_FILE. Passwords come from the user's netrc file, as pip's do.
"""

from __future__ import annotations

import contextlib
import http.client
import netrc
import ssl
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

import msgspec
import truststore

from slm_lsp.errors import PullFailed, TransferInterrupted
from slm_lsp.store.transfer import BUSY, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT_S = 60.0
"""How long a server may be silent."""


class NoSuchFile(PullFailed):
    """The server has no file under this URL."""


class UrlFile(msgspec.Struct, frozen=True):
    """A file on a server. `permit` raises for a URL that may not be asked."""

    url: str
    permit: Callable[[str], None]

    @contextlib.contextmanager
    def open(self, start: int, version: str) -> Iterator[Stream]:
        """Do what `Remote` says; the version is the URL and the server's validator."""
        validator = version.removeprefix(f"{self.url} ")
        resumed = start > 0 and validator != version
        headers = {"Range": f"bytes={start}-", "If-Range": validator} if resumed else {}
        with self._answer(headers) as response:
            begin, total = _extent(self.url, response, start)
            found = _validator(response.headers)
            now = f"{self.url} {found}" if found else ""
            yield Stream(begin, total, now, lambda most: _read(self.url, response, most))

    def beginning(self, most: int) -> bytes:
        """Return the file's content, as far as `most` bytes go. Raises PullFailed."""
        with self._answer({}) as response:
            return _read(self.url, response, most)

    @contextlib.contextmanager
    def _answer(self, headers: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
        asked = urllib.request.Request(  # noqa: S310  # only http and https come here
            self.url, headers=headers | {"Accept-Encoding": "identity"}
        )
        if password := _password(self.url):
            asked.add_unredirected_header("Authorization", password)
        self.permit(self.url)
        try:
            response = _opener(self.permit).open(asked, timeout=_TIMEOUT_S)
        except urllib.error.HTTPError as error:
            error.close()
            _refuse(self.url, error)
        except (OSError, http.client.HTTPException) as error:  # an URLError is an OSError
            _give_up(self.url, error)
        with response:
            yield response


def _refuse(url: str, error: urllib.error.HTTPError) -> NoReturn:
    if error.code in (404, 410):
        raise NoSuchFile(f"{url} is not there.") from error
    said = f"{url} is refused: {error.code} {error.reason}"
    if error.code in BUSY:
        raise TransferInterrupted(f"{said}.") from error
    if error.code in (401, 403):
        said += "; if it wants a password, put that into your netrc file"
    raise PullFailed(f"{said}.") from error


def _give_up(url: str, error: OSError | http.client.HTTPException) -> NoReturn:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        raise PullFailed(
            f"{urlsplit(url).netloc} has a certificate that nobody on this machine vouches for "
            f"({reason.verify_message}); add its authority to the system's, or name its file in "
            "SSL_CERT_FILE."
        ) from error
    raise TransferInterrupted(f"{url} cannot be reached ({reason!r}).") from error


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


def _password(url: str) -> str:
    """Return the header that says who asks, empty where the user's netrc knows no password."""
    try:
        found = netrc.netrc().authenticators(urlsplit(url).hostname or "")
    except (OSError, netrc.NetrcParseError):
        return ""
    if found is None:
        return ""
    user, _account, password = found
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to where it is permitted, and never from an encrypted place to one that is not."""

    def __init__(self, permit: Callable[[str], None]) -> None:
        self._permit = permit

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
        self._permit(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(permit: Callable[[str], None]) -> urllib.request.OpenerDirector:
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    secure = urllib.request.HTTPSHandler(context=context)
    return urllib.request.build_opener(secure, _Redirects(permit))
