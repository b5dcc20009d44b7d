"""A model that is made here, of another one's file and the adapter in this package.

So a model of our own weighs ten megabytes in the package instead of a hundred and fifty. The same
two files make the same one everywhere, so the catalog pins it as it pins those that are fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.errors import ModelUnusable, PullFailed, WrongChecksum
from slm_lsp.store import checksum, runtime
from slm_lsp.store.writing import require_space

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.store.catalog import CatalogModel
    from slm_lsp.store.origin import Origin
    from slm_lsp.store.writing import Progress


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
        if checksum.sha256_of(weights) != self.base.sha256:
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
