"""Taking in a model file of the user's own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from slm_lsp.errors import ModelDamaged, NameTaken, StoreError
from slm_lsp.models import (
    catalog,
    installed,
    record,
    runtime,
    verification,
)
from slm_lsp.models.directory import keeping, workplace
from slm_lsp.models.record import ModelFile, Record
from slm_lsp.models.sources.local_file import bring
from slm_lsp.platform.machine import model_threads
from slm_lsp.settings.schema import AUTO
from slm_lsp.text.terminal import encodable

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.models.directory import Progress
    from slm_lsp.models.record import Trial

FILE = "model.gguf"
"""What every such file is called in the store."""


def import_model(file: Path, name: str, sha256: str, progress: Progress) -> tuple[Record, Trial]:
    """Put the model in `file` into the store as `name`, and return what is known about it.

    The file is linked where that is possible and copied where not, and run once in a process of its
    own. Its checksum must be `sha256`, or the catalog's where that is empty. Raises StoreError for
    a file or a name that cannot be used, ModelUnusable for a model that does not run, PolicyError.
    """
    check_name(name)
    if not file.is_file():
        raise StoreError(f"There is no file {file}.")
    source = file.resolve()
    known = catalog.known(name)
    expected = sha256 or (known.sha256 if known else "")
    with workplace(progress) as work, keeping(name) as kept:
        # Complaints about the file name it as the user did.
        own = bring(source, work / file.name, kept, progress)
        found = verification.check(own, expected, str(file), progress)
        _check_place(name, found.sha256)
        progress("first run", 0, 0)
        trial = runtime.attempt(own, model_threads())
        shipped = ModelFile(FILE, trial.quantisation, found.size, found.sha256)
        written = Record(name, encodable(file.name), trial.licence, (shipped,), FILE)
        verification.keep([(own, found)], written)
        return written, trial


def check_name(name: str) -> None:
    """Raise StoreError unless a file of the user's own may be called `name`."""
    if not record.is_name(name):
        raise StoreError(
            f"A model cannot be called '{name}': letters, digits, '.', '_' and '-' make a name, "
            "which begins with a letter or a digit. Choose another with --name."
        )
    if name == AUTO:
        raise StoreError(
            f"'{AUTO}' stands for a choice of models; choose another name with --name."
        )
    known = catalog.known(name)
    if known is not None and known.carriers:
        raise StoreError(
            f"`slm-lsp models pull {name}` fetches the model of that name; choose another "
            "with --name."
        )


def _check_place(name: str, sha256: str) -> None:
    """Make sure that no other model of that name is there; a damaged one may be replaced."""
    with contextlib.suppress(ModelDamaged):
        there = record.read_at(name, record.folder(name))
        if there is not None and there.files[0].sha256 != sha256:
            installed.verify(name)
            raise NameTaken(f"Another model is called '{name}'; choose a name with --name.")
