"""A model made of an installed one and an adapter to it.

<store>/<name>/model.gguf      the base's weights: a link to them where that is possible
<store>/<name>/adapter.gguf    what is added to them
<store>/<name>/merged.gguf     both in one, which is opened instead: it is as fast as the base alone
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from slm_lsp.errors import ModelUnusable, NameTaken, StoreError
from slm_lsp.models import (
    import_model,
    installed,
    record,
    runtime,
    verification,
)
from slm_lsp.models.directory import keeping, require_space, workplace
from slm_lsp.models.record import ModelFile, Record, Trial
from slm_lsp.models.sources.local_file import bring
from slm_lsp.platform.machine import model_threads

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.models.directory import Progress
    from slm_lsp.models.verification import Stamp

FILE = "adapter.gguf"
"""What every adapter is called in the store."""

MERGED = "merged.gguf"


class Adapted(msgspec.Struct, frozen=True):
    """What was taken in, and `apart`, why base and adapter were not merged: empty if they were."""

    record: Record
    trial: Trial
    apart: str


def take_in(file: Path, base: str, name: str, sha256: str, progress: Progress) -> Adapted:
    """Put the adapter in `file`, for the model `base`, into the store as the model `name`.

    Its checksum must be `sha256`, if that is not empty. Base and adapter are run together once, and
    merged where that can be done; a model of that name that was made so is replaced. Raises
    StoreError for what cannot be used, ModelUnusable for an adapter that does not fit, PolicyError.
    """
    check_name(name)
    if not file.is_file():
        raise StoreError(f"There is no file {file}.")
    source = file.resolve()
    with workplace(progress) as work, keeping(name) as kept:
        under = installed.verify(base)
        if _is_adapted(under):
            raise StoreError(f"'{base}' has an adapter itself; name the model that it was made of.")
        check_name(name)  # again, now that nobody else takes it
        weights = bring(record.place(base) / under.in_use, work / import_model.FILE, kept, progress)
        added = bring(source, work / FILE, kept, progress)
        below = verification.check(weights, under.used.sha256, base, progress)
        found = verification.check(added, sha256, str(file), progress)
        progress("first run", 0, 0)
        trial = runtime.attempt(weights, model_threads(), added)
        files, apart = [(weights, below), (added, found)], ""
        teaches = trial.teaches
        try:
            trial = _merged(weights, added, work / MERGED, progress)
            files.append((work / MERGED, verification.stamp_of(work / MERGED)))
        except (StoreError, ModelUnusable) as error:
            apart = str(error)
            if teaches:
                raise ModelUnusable(
                    f"The adapter teaches '{base}' tokens and has to be merged with it: {apart}"
                ) from error
        written = _record(name, under, [stamp for _, stamp in files], teaches=teaches)
        verification.keep(files, written)
        return Adapted(written, trial, apart)


def check_name(name: str) -> None:
    """Raise StoreError unless a base with an adapter may be called `name`.

    One that was made so may be replaced.
    """
    import_model.check_name(name)
    there = record.read_at(name, record.folder(name))
    if there is not None and not _is_adapted(there):
        raise NameTaken(f"Another model is called '{name}'; choose a name with --name.")


def _is_adapted(found: Record) -> bool:
    return any(it.file == FILE for it in found.files)


def _merged(weights: Path, added: Path, target: Path, progress: Progress) -> Trial:
    """Make one file of both, and say what it is. Raises StoreError or ModelUnusable."""
    try:
        require_space(weights.stat().st_size)
        progress("merge", 0, 0)
        runtime.merge(weights, added, target)
        progress("first run of both in one", 0, 0)
        return runtime.attempt(target, model_threads())
    except (StoreError, ModelUnusable):
        target.unlink(missing_ok=True)
        raise


def _record(name: str, base: Record, stamps: list[Stamp], *, teaches: bool) -> Record:
    kind = base.used.quantisation
    made = ((import_model.FILE, kind), (FILE, "LoRA"), (MERGED, kind))
    files = tuple(
        ModelFile(file, kind, stamp.size, stamp.sha256)
        for (file, kind), stamp in zip(made, stamps, strict=False)  # a third one if merged
    )
    origin = f"{base.name} with an adapter"
    if len(files) < len(made):
        return Record(name, origin, base.licence, files, import_model.FILE, adapter=FILE)
    merged = () if teaches else (import_model.FILE, FILE)
    return Record(name, origin, base.licence, files, MERGED, merged=merged)
