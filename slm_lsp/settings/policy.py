"""What this machine's administrator has decided for every user, project and editor.

Where the file lies is fixed: whatever the environment could move would bind nobody. What cannot be
read, or says what is not understood, is an error and never no policy.
"""

from __future__ import annotations

import stat
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from slm_lsp.errors import (
    EndpointForbidden,
    ModelForbidden,
    NetworkForbidden,
    PolicyUnusable,
)
from slm_lsp.settings import sources
from slm_lsp.settings.schema import Settings
from slm_lsp.settings.sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slm_lsp.settings.sources import Problem

FILE = Path(
    "/Library/Application Support/slm-lsp/policy.toml"
    if sys.platform == "darwin"
    else "/etc/slm-lsp/policy.toml"
)
"""The administrator's file. It and its folder belong to root, and nobody else may write to them."""

CLOSED = Settings(enabled=False, offline=True, statistics=False)
"""What applies while the administrator's file cannot be used."""

ROOT = 0
"""The user id of who administers a machine."""

_PORTS = {"http": 80, "https": 443}

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-fA-F]{64}$")]


class Policy(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """The file's content; without a file everything is allowed.

    `allowed_models` are checksums. An entry of `allowed_endpoints` is the beginning of a URL, up to
    a whole part of its path, or a host, which stands for `https://HOST/`. `locked_settings` are
    written as in `slm-lsp.toml`. None allows all, an empty list nothing.
    """

    offline: bool = False
    allowed_models: tuple[Sha256, ...] | None = None
    allowed_endpoints: tuple[str, ...] | None = None
    locked_settings: dict[str, Any] = {}

    def __post_init__(self) -> None:
        """Raise ValueError for what has the right type but no meaning."""
        for endpoint in self.allowed_endpoints or ():
            _allowed(endpoint)
        if "offline" in self.locked_settings:
            raise ValueError("`offline` stands at the top of the file, not in `locked-settings`")
        _, problems = sources.merge([Source("locked-settings", self.locked_settings, "kebab")])
        if problems:
            raise ValueError(problems[0].message)

    @property
    def source(self) -> Source:
        """What it says about settings: to be laid above all other sources."""
        offline = {"offline": True} if self.offline else {}
        return Source(str(FILE), self.locked_settings | offline, "kebab", locks=True)

    def allows_model(self, sha256: str) -> bool:
        """Tell whether a file with this checksum may be used as a model."""
        listed = self.allowed_models
        return listed is None or sha256.lower() in {allowed.lower() for allowed in listed}

    def require_model(self, sha256: str) -> None:
        """Raise ModelForbidden unless a file with this checksum may be used as a model."""
        if not self.allows_model(sha256):
            checksum = f"checksum {sha256}" if sha256 else "no checksum"
            raise ModelForbidden(
                f"{FILE} does not allow this model ({checksum}); `slm-lsp models list` shows "
                "others, and whoever administers this machine can add it."
            )

    def require_endpoint(self, url: str) -> None:
        """Raise NetworkForbidden or EndpointForbidden unless `url` may be connected to.

        Ask for each URL that is used, what a server redirects to included.
        """
        if self.offline:
            raise NetworkForbidden(f"{FILE} forbids every network connection on this machine.")
        if self.allowed_endpoints is None:
            return
        try:
            place = _place(url)
        except ValueError as error:
            raise EndpointForbidden(f"This is no address to connect to: {error}.") from error
        if not any(_allowed(endpoint).contains(place) for endpoint in self.allowed_endpoints):
            raise EndpointForbidden(
                f"{FILE} does not allow connections to {place}; set another mirror, or ask "
                "whoever administers this machine."
            )


class _Place(NamedTuple):
    """Where a URL leads, without what is said there. It ends up in messages: no credentials."""

    scheme: str
    host: str
    port: int | None
    path: str

    def __str__(self) -> str:
        port = "" if self.port == _PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}{self.path}"

    def contains(self, other: _Place) -> bool:
        return self[:3] == other[:3] and f"{other.path}/".startswith(f"{self.path.rstrip('/')}/")


def load() -> Policy:
    """Read the administrator's file. Raises PolicyUnusable."""
    try:
        FILE.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return Policy()
    except OSError as error:
        raise _unusable(error) from error
    try:
        _require_protected(FILE)
        return msgspec.convert(tomllib.loads(FILE.read_text(encoding="utf-8-sig")), Policy)
    # What tomllib and msgspec raise are ValueErrors; links in a circle and brackets a thousand deep
    # end in a RuntimeError.
    except (OSError, ValueError, RuntimeError) as error:
        raise _unusable(error) from error


def settings(given: Iterable[Source]) -> tuple[Settings, tuple[Problem, ...]]:
    """Merge the sources `given` below what the administrator has locked. Raises PolicyUnusable."""
    return sources.merge([load().source, *given])


def _require_protected(path: Path) -> None:
    """Raise ValueError if somebody other than root could replace the file or change it."""
    real = path.resolve(strict=True)
    for one in (path.parent, real.parent, real):
        found = one.stat()
        if found.st_uid != ROOT or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ValueError(
                f"{one} must belong to root and be writable by nobody else "
                f"(`chown root '{one}' && chmod go-w '{one}'`)"
            )


def _unusable(reason: Exception) -> PolicyUnusable:
    return PolicyUnusable(
        f"The administrator's file {FILE} cannot be used: {reason}. Until it is mended no model is "
        "run and nothing is fetched; tell whoever administers this machine."
    )


def _allowed(endpoint: str) -> _Place:
    """Return what an entry of the list allows. Raises ValueError."""
    return _place(endpoint if "://" in endpoint else f"https://{endpoint}")


def _place(url: str) -> _Place:
    """Read a URL. Raises ValueError where two programs could understand it differently."""
    if "\\" in url or not url.isprintable() or " " in url:
        raise ValueError("it has characters that no URL has")
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if not parts.scheme or not host:
        raise ValueError(f"'{url.rpartition('@')[2]}' names no host")
    path = unquote(parts.path)
    if "%" in path or {".", ".."} & set(path.split("/")):
        raise ValueError("its path may not contain '.', '..' or a percent sign")
    return _Place(parts.scheme, host, parts.port or _PORTS.get(parts.scheme), path or "/")
