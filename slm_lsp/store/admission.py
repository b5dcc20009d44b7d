"""What every model file goes through before it is in the store, wherever it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp import policy
from slm_lsp.errors import WrongChecksum
from slm_lsp.store import checksum, record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from slm_lsp.store.checksum import Stamp
    from slm_lsp.store.record import Record
    from slm_lsp.store.writing import Progress


def check(
    file: Path, expected: str, source: str, progress: Progress, *, opened: bool = True
) -> Stamp:
    """Hash the file; any SHA-256 will do where `expected` is empty.

    The administrator has to allow a file that is `opened` by the engine, and not only made into
    another one. Raises WrongChecksum, ModelForbidden or PolicyUnusable.
    """
    progress("checksum", 0, 0)
    found = checksum.stamp_of(file)
    if expected and found.sha256 != expected.lower():
        raise WrongChecksum(
            f"What came from {source} has the checksum {found.sha256}, not {expected}; nothing was "
            "installed. Fetch it again, or from another place."
        )
    if opened:
        policy.load().require_model(found.sha256)
    return found


def keep(checked: Sequence[tuple[Path, Stamp]], written: Record) -> None:
    """Move files that were checked to their place, and write the record that makes them a model.

    They are in the order of the record's files. A link shares its content with a file that somebody
    may still be writing. Raises WrongChecksum where that has happened.
    """
    if not all(checksum.looks_like(file, found) for file, found in checked):
        raise WrongChecksum(
            f"The file for '{written.name}' changed while it was taken in; nothing was installed. "
            "Wait until it is complete, then run the same command again."
        )
    place = record.folder(written.name)
    place.mkdir(exist_ok=True)
    for (file, found), described in zip(checked, written.files, strict=True):
        file.replace(place / described.file)
        checksum.note(place / described.file, found)
    record.write(written)
    record.remove_others(written)
