"""What every model file goes through before it is in the store, wherever it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp import policy
from slm_lsp.errors import WrongChecksum
from slm_lsp.store import checksum, record
from slm_lsp.store.record import Record

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.store.record import ModelFile
    from slm_lsp.store.writing import Progress


def check(file: Path, expected: str, source: str, progress: Progress) -> str:
    """Return the file's SHA-256; any will do where `expected` is empty.

    Raises WrongChecksum, ModelForbidden or PolicyUnusable.
    """
    progress("checksum", 0, 0)
    found = checksum.sha256_of(file)
    if expected and found != expected.lower():
        raise WrongChecksum(
            f"What came from {source} has the checksum {found}, not {expected}; nothing was "
            "installed. Fetch it again, or from another place."
        )
    policy.load().require_model(found)
    return found


def keep(file: Path, name: str, described: ModelFile, origin: str, licence: str) -> Record:
    """Move a file that was checked to its place, and write the record that makes it a model."""
    place = record.folder(name)
    place.mkdir(exist_ok=True)
    file.replace(place / described.file)
    checksum.note(place / described.file, described.sha256)
    written = Record(name, origin, licence, (described,), described.file)
    record.write(written)
    return written
