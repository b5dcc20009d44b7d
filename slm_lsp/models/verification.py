"""What every model file goes through before it is in the store, wherever it comes from.

Whether a file is the one that was recorded.

Hashing takes 0.1 to 0.3 seconds for each 100 MB, too long at every start of the engine. So what a
file looked like when its hash was right is kept beside it, in `<file>.verified`, and it is hashed
again only when it looks different. Whoever can forge that note can forge the record as well. For
a file in a folder that cannot be written, the note is kept in the user's own store.
"""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.errors import WrongChecksum
from slm_lsp.models import record
from slm_lsp.settings import policy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from slm_lsp.models.directory import Progress
    from slm_lsp.models.record import Record


class Stamp(msgspec.Struct, frozen=True):
    """A file's hash, and what the file looked like just before it was computed."""

    sha256: str
    size: int
    mtime_ns: int
    inode: int


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the whole file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stamp_of(path: Path) -> Stamp:
    """Hash the file."""
    seen = path.stat()
    return Stamp(sha256_of(path), seen.st_size, seen.st_mtime_ns, seen.st_ino)


def confirm(path: Path, sha256: str) -> bool:
    """Hash the file, note the result, and tell whether the hash is `sha256`."""
    stamp = stamp_of(path)
    if stamp.sha256 != sha256:
        return False
    note(path, stamp)
    return True


def note(path: Path, stamp: Stamp) -> None:
    """Note the result of hashing the file, under this name or another."""
    for noted in (_beside(path), _away(stamp.sha256)):
        with contextlib.suppress(OSError):  # where neither can be written it is hashed every time
            noted.parent.mkdir(parents=True, exist_ok=True)
            record.replace(noted, msgspec.json.encode(stamp))
            return


def unchanged(path: Path, sha256: str) -> bool:
    """Tell whether the file still looks as it did when its hash was found to be `sha256`."""
    noted = (_read(place) for place in (_beside(path), _away(sha256)))
    return any(it is not None and it.sha256 == sha256 and looks_like(path, it) for it in noted)


def looks_like(path: Path, stamp: Stamp) -> bool:
    """Tell whether the file still looks as it did when it was hashed."""
    seen = path.stat()
    looks = (seen.st_size, seen.st_mtime_ns, seen.st_ino)
    return looks == (stamp.size, stamp.mtime_ns, stamp.inode)


def _read(noted: Path) -> Stamp | None:
    try:
        return msgspec.json.decode(noted.read_bytes(), type=Stamp)
    except (OSError, ValueError, RecursionError):
        return None


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".verified")


def _away(sha256: str) -> Path:
    return record.root() / ".verified" / f"{sha256}.json"


def check(
    file: Path, expected: str, source: str, progress: Progress, *, opened: bool = True
) -> Stamp:
    """Hash the file; any SHA-256 will do where `expected` is empty.

    The administrator has to allow a file that is `opened` by the engine, and not only made into
    another one. Raises WrongChecksum, ModelForbidden or PolicyUnusable.
    """
    progress("checksum", 0, 0)
    found = stamp_of(file)
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
    if not all(looks_like(file, found) for file, found in checked):
        raise WrongChecksum(
            f"The file for '{written.name}' changed while it was taken in; nothing was installed. "
            "Wait until it is complete, then run the same command again."
        )
    place = record.folder(written.name)
    place.mkdir(exist_ok=True)
    for (file, found), described in zip(checked, written.files, strict=True):
        file.replace(place / described.file)
        note(place / described.file, found)
    record.write(written)
    record.remove_others(written)
