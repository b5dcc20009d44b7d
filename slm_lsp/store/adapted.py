"""A model made of an installed one and an adapter to it.

<store>/<name>/model.gguf      the base's weights: a link to them where that is possible
<store>/<name>/adapter.gguf    what is added to them
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.errors import NameTaken, StoreError
from slm_lsp.processors import model_threads
from slm_lsp.store import admission, installed, own, record, runtime
from slm_lsp.store.local_file import bring
from slm_lsp.store.record import ModelFile, Record
from slm_lsp.store.writing import keeping, workplace

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.store.checksum import Stamp
    from slm_lsp.store.record import Trial
    from slm_lsp.store.writing import Progress

FILE = "adapter.gguf"
"""What every adapter is called in the store."""


def take_in(
    file: Path, base: str, name: str, sha256: str, progress: Progress
) -> tuple[Record, Trial]:
    """Put the adapter in `file`, for the model `base`, into the store as the model `name`.

    Its checksum must be `sha256`, if that is not empty. Base and adapter are run together once; a
    model of that name that has an adapter is replaced. Raises StoreError for what cannot be used,
    ModelUnusable for an adapter that does not fit, PolicyError.
    """
    own.check_name(name)
    source = file.resolve()
    if not source.is_file():
        raise StoreError(f"There is no file {file}.")
    with workplace(progress) as work, keeping(name) as kept:
        under = installed.verify(base)
        if under.adapter:
            raise StoreError(f"'{base}' has an adapter itself; name the model that it was made of.")
        there = record.read_at(name, record.folder(name))
        if there is not None and not there.adapter:
            raise NameTaken(f"Another model is called '{name}'; choose a name with --name.")
        weights = bring(record.place(base) / under.in_use, work / own.FILE, kept, progress)
        added = bring(source, work / FILE, kept, progress)
        below = admission.check(weights, under.used.sha256, base, progress)
        found = admission.check(added, sha256, str(file), progress)
        progress("first run", 0, 0)
        trial = runtime.attempt(weights, model_threads(), added)
        written = _record(name, under, below, found)
        admission.keep([(weights, below), (added, found)], written)
        return written, trial


def _record(name: str, base: Record, weights: Stamp, added: Stamp) -> Record:
    files = (
        ModelFile(own.FILE, base.used.quantisation, weights.size, weights.sha256),
        ModelFile(FILE, "LoRA", added.size, added.sha256),
    )
    origin = f"{base.name} with an adapter"
    return Record(name, origin, base.licence, files, own.FILE, adapter=FILE)
