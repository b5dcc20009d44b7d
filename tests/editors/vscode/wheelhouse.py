"""A folder of wheels without a network: what the server needs, packed as it is installed here."""

from __future__ import annotations

from importlib.metadata import Distribution, distribution
from typing import TYPE_CHECKING
from zipfile import ZipFile

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def wheelhouse(folder: Path) -> Path:
    """Pack the wheels of everything that slm-lsp depends on into `folder`, and return it."""
    folder.mkdir()
    names = {"slm-lsp"}
    waiting = list(_needs(distribution("slm-lsp")))
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            _pack(found := distribution(name), folder)
            waiting += _needs(found)
    return folder


def _needs(found: Distribution) -> Iterator[str]:
    for line in found.requires or []:
        needed = Requirement(line)
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            yield needed.name.lower()


def _pack(found: Distribution, folder: Path) -> None:
    about = found.read_text("WHEEL") or ""
    tag = next(line.split(": ")[1] for line in about.splitlines() if line.startswith("Tag: "))
    name = found.metadata["Name"].replace("-", "_").replace(".", "_")
    with ZipFile(folder / f"{name}-{found.version}-{tag}.whl", "w") as wheel:
        for file in found.files or []:
            # Programs are made anew where it is installed; what is compiled is, too.
            if ".." not in file.parts and file.suffix != ".pyc":
                wheel.write(str(file.locate()), str(file))
