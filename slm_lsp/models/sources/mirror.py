"""Models from a mirror: a folder, such as a file share, or a server's.

A mirror is nothing but the files, called as the catalog calls them. `SHA256SUMS` among them, as
`sha256sum` writes it, has the checksums of those that the catalog does not pin.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urlsplit

import msgspec

from slm_lsp.errors import PullFailed
from slm_lsp.models.sources import local_file, transfer
from slm_lsp.models.sources.http import NoSuchFile, UrlFile
from slm_lsp.text.terminal import encodable

if TYPE_CHECKING:
    from slm_lsp.models.catalog import CatalogModel
    from slm_lsp.models.directory import Progress

SUMS = "SHA256SUMS"

_SUMS_MAX = 1024 * 1024
"""Bytes of a file of checksums; what is said after them would not be heard."""

_UNQUOTED = "/%:@!$&'()*+,;=~"
"""What may stand in a URL's path as it is, beside letters and digits; `%` is quoted already."""

_SUM = re.compile(r"([0-9a-fA-F]{64}) [ *](?:\./)?(.+)")


class Server(msgspec.Struct, frozen=True):
    """The `file` below the URL `base`. `permit` raises for a URL that may not be asked."""

    base: str
    file: str
    permit: Callable[[str], None]

    def name(self) -> str:
        """Return the mirror's URL."""
        return self.base

    def endpoints(self) -> tuple[str, ...]:
        """Return the mirror's URL."""
        return (self.base,)

    def checksum(self) -> str:
        """Return what SHA256SUMS says. Raises PullFailed."""
        try:
            sums = UrlFile(f"{self.base}/{SUMS}", self.permit).beginning(_SUMS_MAX + 1)
        except NoSuchFile:
            return ""
        return _sum_of(self.file, sums)

    def fetch(self, work: Path, kept: Path, progress: Progress) -> Path:  # noqa: ARG002
        """Bring the file into `kept`. Raises PullFailed, StoreError, OSError."""
        url = f"{self.base}/{quote(self.file)}"
        transfer.fetch(UrlFile(url, self.permit), kept / self.file, progress)
        return kept / self.file


class Folder(msgspec.Struct, frozen=True):
    """The `file` in the folder `base`."""

    base: Path
    file: str

    def name(self) -> str:
        """Return the folder."""
        return encodable(str(self.base))

    def endpoints(self) -> tuple[str, ...]:
        """Return nothing: if it is a file share, the system has mounted it."""
        return ()

    def checksum(self) -> str:
        """Return what SHA256SUMS says. Raises PullFailed."""
        try:
            with (self.base / SUMS).open("rb") as file:
                return _sum_of(self.file, file.read(_SUMS_MAX + 1))
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise PullFailed(f"{self.base / SUMS} cannot be read ({error}).") from error

    def fetch(self, work: Path, kept: Path, progress: Progress) -> Path:
        """Bring the file into `work` or `kept`. Raises PullFailed, StoreError, OSError."""
        source = self.base / self.file
        if not source.is_file():
            raise PullFailed(f"There is no {self.file} in {self.base}.")
        return local_file.bring(source.resolve(), work / self.file, kept, progress)


def at(place: str, model: CatalogModel, permit: Callable[[str], None]) -> Server | Folder:
    """Return the file of `model` in the mirror `place`, a URL or a folder. Raises PullFailed."""
    try:
        if "://" not in place:
            return Folder(Path(place).expanduser().absolute(), model.file)
        return _server(urlsplit(place), model, permit)
    except (ValueError, RuntimeError) as error:
        raise PullFailed(f"'{place.rpartition('@')[2]}' is no mirror: {error}.") from error


def _server(parts: SplitResult, model: CatalogModel, permit: Callable[[str], None]) -> Server:
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise PullFailed(
            f"'{parts.scheme}://{parts.hostname or ''}' is no mirror: it takes the URL of a "
            "folder, with https, or the path of one."
        )
    if "@" in parts.netloc:
        raise PullFailed(
            f"The password for {parts.hostname} belongs into your netrc file, not into its URL."
        )
    if parts.scheme == "http" and not model.sha256 and not _is_here(parts.hostname):
        raise PullFailed(
            f"The catalog does not know the checksum of '{model.name}', so it can only be fetched "
            f"over an encrypted connection: https://{parts.netloc}."
        )
    path = quote(parts.path.rstrip("/"), safe=_UNQUOTED)
    return Server(f"{parts.scheme}://{parts.netloc}{path}", model.file, permit)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _sum_of(file: str, sums: bytes) -> str:
    if len(sums) > _SUMS_MAX:
        raise PullFailed(f"{SUMS} is longer than {_SUMS_MAX} bytes; leave {file} in it only.")
    lines = map(_SUM.fullmatch, sums.decode("utf-8", "replace").splitlines())
    return next((line[1].lower() for line in lines if line and line[2] == file), "")
