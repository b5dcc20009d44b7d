"""A file on a server, over HTTP.

The standard library speaks HTTP here, as the usual variables for proxies tell it, and truststore
checks certificates as pip has it do: against the system's own authorities, the company's among
them, and SSL_CERT_FILE. Passwords come from the user's netrc file, as pip's do.

What is believed of any server that is asked over HTTP.
"""

from __future__ import annotations

import contextlib
import http.client
import netrc
import re
import ssl
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

import msgspec
import truststore

from slm_lsp.errors import PullFailed, TransferInterrupted
from slm_lsp.models.sources.transfer import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY = (408, 425, 429, 500, 502, 503, 504)
"""Status codes of a server that may answer differently in a moment."""

_LENGTH = re.compile(r"[0-9]{1,18}")
_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18})")


def content_extent(
    status: int, length: str, content_range: str, wanted: int
) -> tuple[int, int] | None:
    """Return where an answer begins and how long the whole file is, in bytes.

    `length` and `content_range` are the headers. None where they do not say, or where it is
    another part than the one from `wanted` on.
    """
    if status == HTTPStatus.PARTIAL_CONTENT:
        found = _RANGE.fullmatch(content_range)
        fits = found is not None and int(found[1]) == wanted < int(found[2])
        return (wanted, int(found[2])) if found and fits else None
    return (0, int(length)) if _LENGTH.fullmatch(length) else None


def check_redirect(here: str, there: str) -> None:
    """Raise PullFailed where one URL leads to another protocol or to less protection."""
    leads_to = urlsplit(there).scheme
    if leads_to not in ("https", "http"):
        raise PullFailed(f"{_host(here)} leads to a place that is no web server ({leads_to}).")
    if urlsplit(here).scheme == "https" and leads_to != "https":
        raise PullFailed(f"{_host(here)} leads to {_host(there)}, which is not encrypted.")


def _host(url: str) -> str:
    """Name the server only: what it signs is in the rest of its URLs."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}"


TIMEOUT_S = 60.0
"""How long a server may be silent."""


class NoSuchFile(PullFailed):
    """The server has no file under this URL."""


class _OtherPart(PullFailed):
    """The server does not send the part that was asked for, or does not say which one it sends."""


class UrlFile(msgspec.Struct, frozen=True):
    """A file on a server, which may be silent for `timeout_s` seconds.

    `permit` raises for a URL that may not be asked.
    """

    url: str
    permit: Callable[[str], None]
    timeout_s: float = TIMEOUT_S

    @contextlib.contextmanager
    def open(self, start: int, version: str) -> Iterator[Stream]:
        """Do what `Remote` says; the version is the URL and the server's validator."""
        start = start if version.startswith(f"{self.url} ") else 0
        with contextlib.ExitStack() as opened:
            try:
                stream = self._stream(opened, start, version)
            except _OtherPart:
                if start == 0:
                    raise
                stream = self._stream(opened, 0, "")
            yield stream

    def _stream(self, opened: contextlib.ExitStack, start: int, version: str) -> Stream:
        wanted = {"Range": f"bytes={start}-", "If-Range": version.removeprefix(f"{self.url} ")}
        response = opened.enter_context(self._answer(wanted if start else {}))
        headers = response.headers
        length, content_range = headers.get("Content-Length", ""), headers.get("Content-Range", "")
        extent = content_extent(response.status, length, content_range, start)
        validator = _validator(headers)
        now = f"{self.url} {validator}" if validator else ""
        if extent is None or (extent[0] > 0 and now not in ("", version)):
            raise _OtherPart(f"{self.url} does not say how long it is, or sends another part.")
        begin, total = extent
        # A part need not say again what it is a part of.
        return Stream(begin, total, now or version if begin else now, self._reading(response))

    def _reading(self, response: http.client.HTTPResponse) -> Callable[[int], bytes]:
        return lambda most: _read(self.url, response, most)

    def beginning(self, most: int) -> bytes:
        """Return the file's content, as far as `most` bytes go. Raises PullFailed."""
        with self._answer({}) as response:
            content = _read(self.url, response, most)
            if len(content) < most and response.length:  # http.client leaves that to its caller
                raise TransferInterrupted(f"{self.url} broke off; try again.")
            return content

    @contextlib.contextmanager
    def _answer(self, headers: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
        asked = urllib.request.Request(  # noqa: S310  # only http and https come here
            self.url, headers=headers | {"Accept-Encoding": "identity"}
        )
        if password := _password(self.url):
            asked.add_unredirected_header("Authorization", password)
        self.permit(self.url)
        try:
            response = _opener(self.permit).open(asked, timeout=self.timeout_s)
        except urllib.error.HTTPError as error:
            error.close()
            _refuse(self.url, error)
        except (ValueError, OverflowError, http.client.InvalidURL) as error:
            raise PullFailed(f"{self.url} cannot be asked for ({error}).") from error
        except (OSError, http.client.HTTPException) as error:  # an URLError is an OSError
            _give_up(self.url, error)
        with response:
            yield response


def _refuse(url: str, error: urllib.error.HTTPError) -> NoReturn:
    if error.code in (404, 410):
        raise NoSuchFile(f"{url} is not there.") from error
    if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise _OtherPart(f"{url} is not as long any more as it was.") from error
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


def _validator(headers: http.client.HTTPMessage) -> str:
    """Return what a range may be asked for with; a weak ETag does not stand for each byte."""
    etag = str(headers.get("ETag", ""))
    return etag if etag.startswith('"') else str(headers.get("Last-Modified", ""))


def _password(url: str) -> str:
    """Return the header that says who asks, empty where the user's netrc knows no password."""
    try:
        found = netrc.netrc().authenticators(urlsplit(url).hostname or "")
    except (OSError, UnicodeDecodeError, netrc.NetrcParseError):
        return ""
    if found is None:
        return ""
    user, _account, password = found
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to where it is permitted."""

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
        check_redirect(req.full_url, newurl)
        self._permit(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(permit: Callable[[str], None]) -> urllib.request.OpenerDirector:
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    secure = urllib.request.HTTPSHandler(context=context)
    return urllib.request.build_opener(secure, _Redirects(permit))
