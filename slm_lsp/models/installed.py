"""From a model's name to a file that may be opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from slm_lsp.errors import ModelMissing
from slm_lsp.models import catalog, record, verification
from slm_lsp.settings import policy

if TYPE_CHECKING:
    from slm_lsp.models.record import ModelFile, Record
    from slm_lsp.settings.policy import Policy

FAKE = "fake:"
"""Before the absolute path of a script for the scripted engine, in the place of a model's name."""


class InstalledModel(msgspec.Struct, frozen=True):
    """A model that can be loaded, with its adapter if it has one.

    One that was merged with its adapter has none: `unmerged` is the two apart. A `fake` one is a
    script and has no checksum.
    """

    name: str
    path: Path
    sha256: str
    kind: Literal["gguf", "fake"] = "gguf"
    adapter: Path | None = None
    adapter_sha256: str = ""
    unmerged: InstalledModel | None = None

    @property
    def checksums(self) -> tuple[str, ...]:
        """Those of all files that the engine opens."""
        return (self.sha256, self.adapter_sha256) if self.adapter else (self.sha256,)


def resolve(name: str) -> InstalledModel:
    """Find the model `name`, without looking into its file: see `check`.

    Raises ModelUnknown, ModelMissing, or ModelDamaged where its record cannot be read.
    """
    if name.startswith(FAKE):
        return _script(name)
    found = get(name)
    if not found.merged:
        return _model(found, found.used, found.added)
    apart = _model(found, *map(found.file, found.merged))
    return msgspec.structs.replace(_model(found, found.used, None), unmerged=apart)


def _model(found: Record, weights: ModelFile, added: ModelFile | None) -> InstalledModel:
    folder = record.place(found.name)
    plain = InstalledModel(found.name, folder / weights.file, weights.sha256)
    if added is None:
        return plain
    return msgspec.structs.replace(plain, adapter=folder / added.file, adapter_sha256=added.sha256)


def permitted(name: str, rules: Policy) -> InstalledModel:
    """Return the model `name` as `rules` allow it.

    Whoever lists checksums allows a base and an adapter. What this user's machine made of them is
    opened only where it is listed, too, and else the two are. In the same way the source of a
    prepared file is opened where only that is listed. Raises as `resolve`, ModelForbidden.
    """
    found = resolve(name)
    apart = found.unmerged
    if apart is not None:
        rules.require_model(apart.sha256)
        rules.require_model(apart.adapter_sha256)
        return found if rules.allows_model(found.sha256) else apart
    if found.kind == "gguf" and not rules.allows_model(found.sha256):
        found = _source_of(name) or found
    rules.require_model(found.sha256)
    if found.adapter is not None:
        rules.require_model(found.adapter_sha256)
    return found


def _source_of(name: str) -> InstalledModel | None:
    """Return the file that the model `name` was prepared from, where it was kept beside it."""
    found, known = get(name), catalog.known(name)
    source = found.files[0]
    if known is None or known.prepared is None or source == found.used:
        return None
    return _model(found, source, None)


def get(name: str) -> Record:
    """Return the record of the model `name`. Raises as `resolve` does."""
    if (found := record.read(name)) is not None:
        return found
    known = catalog.find(name)
    best = ", `slm-lsp models pull` the best one for this machine" if known.auto else ""
    raise ModelMissing(
        f"The model '{name}' is not installed; `{known.how_to_get}` fetches it{best}."
    )


def installed() -> tuple[Record, ...]:
    """Return the record of every installed model, by name. Raises ModelDamaged."""
    found = (record.read(name) for name in record.names())
    return tuple(one for one in found if one is not None)


def is_current(found: Record) -> bool:
    """Tell whether a model is what this version would install under its name.

    The catalog's names without a package are free for files of the user's own.
    """
    known = catalog.known(found.name)
    if known is None or not known.carriers:
        return True
    if known.prepared is None:
        return found.files[0].sha256 == known.sha256
    made = known.prepared.sha256
    # The source is used as it is where the administrator does not allow what it becomes.
    return found.used.sha256 == (made if policy.load().allows_model(made) else known.sha256)


def check(model: InstalledModel, *, trust_note: bool = True) -> None:
    """Make sure that the file is the recorded one, right before it is opened.

    A file that looks as it did when it was last hashed costs a `stat`, where the store's own note
    of that is to be trusted. Raises ModelDamaged.
    """
    if model.kind == "gguf":
        _require(model.name, model.path, model.sha256, trust_note=trust_note)
    if model.adapter is not None:
        _require(model.name, model.adapter, model.adapter_sha256, trust_note=trust_note)


def verify(name: str) -> Record:
    """Hash every file of the model again, whatever was noted. Raises as `resolve`, ModelDamaged."""
    found = get(name)
    for file in found.files:
        _require(name, record.place(name) / file.file, file.sha256, trust_note=False)
    return found


def _require(name: str, path: Path, sha256: str, *, trust_note: bool) -> None:
    try:
        sound = trust_note and verification.unchanged(path, sha256)
        sound = sound or verification.confirm(path, sha256)
    except OSError as error:
        raise record.damaged(name, f"{path} cannot be read ({error})") from error
    if not sound:
        raise record.damaged(name, f"{path} does not have its recorded checksum")


def _script(name: str) -> InstalledModel:
    path = Path(name.removeprefix(FAKE))
    if not (path.is_absolute() and path.is_file()):
        raise ModelMissing(f"'{name}' must name an existing script by its absolute path.")
    return InstalledModel(name, path, "", "fake")
