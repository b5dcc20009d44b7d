"""What is believed of any server that is asked over HTTP."""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import urlsplit

from slm_lsp.errors import PullFailed

BUSY = (408, 425, 429, 500, 502, 503, 504)
"""Status codes of a server that may answer differently in a moment."""

_LENGTH = re.compile(r"[0-9]{1,18}")
_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18})")


def extent(status: int, length: str, content_range: str, wanted: int) -> tuple[int, int] | None:
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
