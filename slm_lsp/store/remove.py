"""Taking a model out of the user's own store, with whatever has arrived of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.errors import ModelMissing, ModelShared
from slm_lsp.store import record
from slm_lsp.store.writing import unfinished, workplace

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.store.writing import Progress


def remove(name: str, progress: Progress) -> int:
    """Remove the model `name`, sound or not, and return how many bytes its files had.

    Raises ModelMissing, ModelShared, or StoreError where the store cannot be written.
    """
    folders = (record.folder(name), unfinished(name)) if record.is_name(name) else ()
    if not any(folder.is_dir() for folder in folders):
        if folders and record.is_shared(name):
            raise ModelShared(
                f"'{name}' is in {record.place(name).parent}, a store for all users, which is "
                "only read here: who looks after that store can remove it there."
            )
        raise ModelMissing(f"There is nothing of a model '{name}' in {record.root()}.")
    with workplace(progress) as work:
        there = [folder for folder in folders if folder.is_dir()]  # now that nobody changes it
        size = sum(size_of(folder) for folder in there)
        for at, folder in enumerate(there):
            folder.rename(work / str(at))  # in one step: what is killed now leaves no half model
    return size


def size_of(folder: Path) -> int:
    """Return how many bytes the files in `folder` have."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
