"""Model files from Hugging Face, through its own library.

So HF_ENDPOINT, tokens, proxies and authorities of one's own mean here what they mean everywhere
else. The library resumes a download that breaks off, but not one of a process that was killed: it
removes what it had. So it says where the file is and keeps the connection, and `transfer` does
what it does for every source. The checksum of a large file is its ETag there.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from slm_lsp.errors import PullFailed, TransferInterrupted
from slm_lsp.models.sources import http, transfer
from slm_lsp.models.sources.transfer import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx2
    from huggingface_hub import HfFileMetadata

    from slm_lsp.models.catalog import CatalogModel
    from slm_lsp.models.directory import Progress

_SHA256 = re.compile(r"[0-9a-f]{64}")

_LIBRARY = "huggingface-hub>=2.0,<3"
"""What pyproject.toml has in the extra `hub`."""

_REDIRECTS = 5

_TIMEOUT_S = 60.0
"""How long a server may be silent."""


class HubFile(msgspec.Struct, frozen=True):
    """The `file` in a `repository` on Hugging Face, or whatever HF_ENDPOINT names."""

    repository: str
    file: str
    revision: str | None
    permit: Callable[[str], None]

    def endpoints(self) -> tuple[str, ...]:
        """Return the library's endpoint."""
        from huggingface_hub import constants

        return (constants.ENDPOINT,)

    def name(self) -> str:
        """Return the repository and the revision, where one is pinned."""
        return f"{self.repository}@{self.revision}" if self.revision else self.repository

    def checksum(self) -> str:
        """Return the checksum that Hugging Face has of it. Raises PullFailed."""
        with _errors(self.repository):
            etag = self._now().etag or ""
        return etag if _SHA256.fullmatch(etag) else ""

    def fetch(self, work: Path, kept: Path, progress: Progress) -> Path:  # noqa: ARG002
        """Bring the file into `kept`. Raises PullFailed, StoreError, OSError."""
        transfer.fetch(self, kept / self.file, progress)
        return kept / self.file

    @contextlib.contextmanager
    def open(self, start: int, version: str) -> Iterator[Stream]:
        """Do what `Remote` says; the version is a commit, under which nothing ever changes."""
        with _errors(self.repository):
            found = self._now()
            now = f"{self.repository} {found.commit_hash} {found.etag} {found.size}"
            start = start if version == now else 0
            with self._answer(found.location, start) as response:
                begin = self._begin(response, start)
                chunks = response.iter_raw()

                def read(_most: int) -> bytes:
                    with _errors(self.repository):
                        return next(chunks, b"")

                yield Stream(begin, found.size or 0, now, read)

    def _begin(self, response: httpx2.Response, wanted: int) -> int:
        """Return where the answer begins. Raises PullFailed where that is not `wanted`, nor 0."""
        if response.status_code == HTTPStatus.PARTIAL_CONTENT:
            headers = response.headers
            if (
                http.content_extent(
                    response.status_code, "", headers.get("Content-Range", ""), wanted
                )
                is None
            ):
                raise PullFailed(
                    f"{self.repository} is answered with another part of the file than was asked "
                    "for; `slm-lsp models remove NAME` drops what has arrived, then try again."
                )
            return wanted
        return 0

    def _now(self) -> HfFileMetadata:
        """Return which file that is now, and where."""
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        url = hf_hub_url(self.repository, self.file, revision=self.revision)
        found = get_hf_file_metadata(url, timeout=_TIMEOUT_S)
        if not (found.commit_hash and found.etag and found.size):
            raise PullFailed(f"{url} is not answered as Hugging Face does; check HF_ENDPOINT.")
        return found

    @contextlib.contextmanager
    def _answer(self, url: str, start: int) -> Iterator[httpx2.Response]:
        """Follow to where the file is, which is another server; that one is told no token."""
        from huggingface_hub import constants, get_session
        from huggingface_hub.utils import (  # type: ignore[attr-defined]  # documented there
            build_hf_headers,
            hf_raise_for_status,
        )

        wanted = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        for _ in range(_REDIRECTS):
            self.permit(url)
            own = urlsplit(url).netloc == urlsplit(constants.ENDPOINT).netloc
            headers = (build_hf_headers() if own else {}) | wanted
            with get_session().stream(
                "GET", url, headers=headers, timeout=_TIMEOUT_S, follow_redirects=False
            ) as response:
                if response.next_request is None:
                    hf_raise_for_status(response)
                    yield response
                    return
                http.check_redirect(url, str(response.next_request.url))
                url = str(response.next_request.url)
        raise PullFailed(f"{self.repository} is passed on from server to server without an end.")


def find(model: CatalogModel, permit: Callable[[str], None]) -> HubFile:
    """Return the file of `model`; `permit` raises for a URL that may not be asked.

    Raises PullFailed where the library is not there.
    """
    # Otherwise the library tells the server what programs it runs among, and asks it for a list.
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    try:
        import httpx2  # noqa: F401  # which an older version does not have
        import huggingface_hub  # noqa: F401
    except ImportError as error:
        raise PullFailed(
            f"'{model.name}' comes from Hugging Face, which needs the library of the extra `hub`: "
            f"`{sys.executable} -m pip install '{_LIBRARY}'` adds it. Or fetch {model.file} of "
            f"{model.repository} in another way, and `slm-lsp models import {model.file} "
            f"--name {model.name}`."
        ) from error
    return HubFile(model.repository, model.file, model.revision or None, permit)


@contextlib.contextmanager
def _errors(repository: str) -> Iterator[None]:
    """Raise what goes wrong in the library as TransferInterrupted or PullFailed."""
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise PullFailed(
            f"{repository} is given to those who accepted its terms on its page at Hugging Face; "
            "then `hf auth login`, or a token in HF_TOKEN, says who you are."
        ) from error
    except errors.HfHubHTTPError as error:
        code = error.response.status_code
        said = f"Hugging Face refuses {repository}: {error.server_message or code}"
        raise (TransferInterrupted if code in http.BUSY else PullFailed)(f"{said}.") from error
    except errors.OfflineModeIsEnabled as error:
        raise PullFailed("HF_HUB_OFFLINE is set; unset it to fetch from Hugging Face.") from error
    except (ValueError, httpx2.InvalidURL) as error:
        raise PullFailed(f"There is no place to ask at ({error}); check HF_ENDPOINT.") from error
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        raise TransferInterrupted(
            f"The connection to Hugging Face broke ({error!r}); what has arrived is kept, and the "
            "same command goes on from there. Check the network, HF_ENDPOINT and the proxy."
        ) from error
