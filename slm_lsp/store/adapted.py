"""A model made of an installed one and an adapter to it.

<store>/<name>/model.gguf      the base's weights: a link to them where that is possible
<store>/<name>/adapter.gguf    what is added to them
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.errors import StoreError
from slm_lsp.processors import model_threads
from slm_lsp.store import checksum, installed, own, record, runtime
from slm_lsp.store.record import ModelFile, Record
from slm_lsp.store.writing import workplace

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.store.record import Trial
    from slm_lsp.store.writing import Progress

FILE = "adapter.gguf"
"""What every adapter is called in the store."""


def take_in(
    file: Path, base: str, name: str, sha256: str, progress: Progress
) -> tuple[Record, Trial]:
    """Put the adapter in `file`, for the model `base`, into the store as the model `name`.

    Its checksum must be `sha256`, if that is not empty. Base and adapter are run together once; a
    model of that name that has an adapter is replaced. Raises
    StoreError for what cannot be used, ModelUnusable for an adapter that does not fit.
    """
    own.check_name(name)
    source = file.resolve()
    if not source.is_file():
        raise StoreError(f"There is no file {file}.")
    with workplace(progress) as work:
        under = installed.verify(base)
        if under.adapter:
            raise StoreError(f"'{base}' has an adapter itself; name the model that it was made of.")
        there = record.read(name)
        if there is not None and not there.adapter:
            raise StoreError(f"Another model is called '{name}'; choose a name with --name.")
        own.link_or_copy(record.folder(base) / under.in_use, work / own.FILE, progress)
        own.link_or_copy(source, work / FILE, progress)
        if sha256 and (found := checksum.sha256_of(work / FILE)) != sha256.lower():
            raise StoreError(f"{file} has the checksum {found}, not {sha256}; fetch it again.")
        progress("first run", 0, 0)
        trial = runtime.attempt(work / own.FILE, model_threads(), work / FILE)
        return _keep(work, under, name), trial


def _keep(work: Path, base: Record, name: str) -> Record:
    place = record.folder(name)
    place.mkdir(exist_ok=True)
    files = []
    for made, kind in ((own.FILE, base.used.quantisation), (FILE, "LoRA")):
        size, sha256 = (work / made).stat().st_size, checksum.sha256_of(work / made)
        files.append(ModelFile(made, kind, size, sha256))
        (work / made).replace(place / made)
        checksum.confirm(place / made, sha256)
    origin = f"{base.name} with an adapter"
    written = Record(name, origin, base.licence, tuple(files), own.FILE, adapter=FILE)
    record.write(written)
    return written
