"""A model's file in its publisher's repository on Hugging Face, over plain HTTPS.

Only for files that the catalog pins: it needs no account and no library. What the publisher guards
by an account, or what is not pinned, is fetched by `hub`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from slm_lsp.errors import PullFailed, TransferInterrupted
from slm_lsp.models.catalog import CatalogModel
from slm_lsp.models.sources import transfer
from slm_lsp.models.sources.http import UrlFile

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.models.directory import Progress

ENDPOINT_VARIABLE = "HF_ENDPOINT"
"""The environment variable that names another server, as huggingface_hub reads it."""

_ENDPOINT = "https://huggingface.co"

_CONNECT_S = 4.0
"""Seconds in which the server must begin to answer before the next origin is tried."""


class Publisher(msgspec.Struct, frozen=True):
    """The file of a pinned `model`. `permit` raises for a URL that may not be asked."""

    model: CatalogModel
    permit: Callable[[str], None]

    def name(self) -> str:
        """Return the repository, and the revision where one is pinned."""
        revision = f"@{self.model.revision}" if self.model.revision else ""
        return f"{self.model.repository}{revision}"

    def endpoints(self) -> tuple[str, ...]:
        """Return the server."""
        return (_endpoint(),)

    def checksum(self) -> str:
        """Return the catalog's."""
        return self.model.sha256

    def fetch(self, work: Path, kept: Path, progress: Progress) -> Path:  # noqa: ARG002
        """Bring the file into `kept`. Raises PullFailed, StoreError, OSError."""
        revision = quote(self.model.revision or "main", safe="")
        path = f"{self.model.repository}/resolve/{revision}/{quote(self.model.file)}"
        url = f"{_endpoint()}/{path}"
        try:
            UrlFile(url, self.permit, _CONNECT_S).beginning(1)
        except TransferInterrupted as error:  # `transfer` would try again for some seconds
            raise PullFailed(str(error)) from error
        transfer.fetch(UrlFile(url, self.permit), kept / self.model.file, progress)
        return kept / self.model.file


def _endpoint() -> str:
    return os.environ.get(ENDPOINT_VARIABLE, "").rstrip("/") or _ENDPOINT
