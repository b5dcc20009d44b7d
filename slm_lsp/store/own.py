"""Taking in a model file of the user's own."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from slm_lsp.errors import ModelDamaged, StoreError
from slm_lsp.processors import model_threads
from slm_lsp.store import catalog, checksum, installed, record, runtime
from slm_lsp.store.record import ModelFile, Record
from slm_lsp.store.writing import require_space, workplace

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.store.record import Trial
    from slm_lsp.store.writing import Progress

FILE = "model.gguf"
"""What every such file is called in the store."""


def take_in(file: Path, name: str, sha256: str, progress: Progress) -> tuple[Record, Trial]:
    """Put the model in `file` into the store as `name`, and return what is known about it.

    The file is linked where that is possible and copied where not, and run once in a process of its
    own. Its checksum must be `sha256`, or the catalog's where that is empty. Raises StoreError for
    a file or a name that cannot be used, ModelUnusable for a model that does not run.
    """
    check_name(name)
    source = file.resolve()
    if not source.is_file():
        raise StoreError(f"There is no file {file}.")
    with workplace(progress) as work:
        own = work / file.name  # which is what complaints about it name
        link_or_copy(source, own, progress)
        progress("checksum", 0, 0)
        found = checksum.sha256_of(own)
        known = catalog.known(name)
        expected = sha256.lower() or (known.sha256 if known else "")
        if expected and found != expected:
            raise StoreError(f"{file} has the checksum {found}, not {expected}; fetch it again.")
        _check_place(name, found)
        progress("first run", 0, 0)
        trial = runtime.attempt(own, model_threads())
        return _keep(own, name, found, file.name, trial), trial


def check_name(name: str) -> None:
    """Raise StoreError unless a file of the user's own may be called `name`."""
    if not record.is_name(name):
        raise StoreError(
            f"A model cannot be called '{name}': letters, digits, '.', '_' and '-' make a name, "
            "which begins with a letter or a digit. Choose another with --name."
        )
    known = catalog.known(name)
    if known is not None and known.wheel is not None:
        raise StoreError(
            f"`slm-lsp models pull {name}` fetches the model of that name; choose another "
            "with --name."
        )


def _check_place(name: str, sha256: str) -> None:
    """Make sure that no other model of that name is there; a damaged one may be replaced."""
    with contextlib.suppress(ModelDamaged):
        there = record.read(name)
        if there is not None and there.files[0].sha256 != sha256:
            installed.verify(name)
            raise StoreError(f"Another model is called '{name}'; choose a name with --name.")


def link_or_copy(source: Path, target: Path, progress: Progress) -> None:
    """Put the file `source` at `target`, in the store."""
    try:
        target.hardlink_to(source)
    except OSError:  # another file system, or another user's file
        require_space(source.stat().st_size)
        progress("copy", 0, 0)
        shutil.copyfile(source, target)


def _keep(own: Path, name: str, sha256: str, origin: str, trial: Trial) -> Record:
    size = own.stat().st_size
    place = record.folder(name)
    place.mkdir(exist_ok=True)
    own.replace(place / FILE)
    checksum.confirm(place / FILE, sha256)
    file = ModelFile(FILE, trial.quantisation, size, sha256)
    written = Record(name, origin, trial.licence, (file,), FILE)
    record.write(written)
    return written
