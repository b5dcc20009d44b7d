"""Whether a file is the one that was recorded.

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

from slm_lsp.store import record

if TYPE_CHECKING:
    from pathlib import Path


class _Stamp(msgspec.Struct, frozen=True):
    sha256: str
    size: int
    mtime_ns: int
    inode: int


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the whole file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def confirm(path: Path, sha256: str) -> bool:
    """Hash the file, note the result, and tell whether the hash is `sha256`."""
    stamp = _look(path, sha256)
    if sha256_of(path) != sha256:
        return False
    _write(path, stamp)
    return True


def note(path: Path, sha256: str) -> None:
    """Note that the file was hashed a moment ago, under this name or another."""
    _write(path, _look(path, sha256))


def unchanged(path: Path, sha256: str) -> bool:
    """Tell whether the file still looks as it did when its hash was found to be `sha256`."""
    looks = _look(path, sha256)
    return any(_read(noted) == looks for noted in (_beside(path), _away(sha256)))


def forget(path: Path) -> None:
    """Drop the note about a file that was removed."""
    _beside(path).unlink(missing_ok=True)


def _look(path: Path, sha256: str) -> _Stamp:
    seen = path.stat()
    return _Stamp(sha256, seen.st_size, seen.st_mtime_ns, seen.st_ino)


def _read(noted: Path) -> _Stamp | None:
    try:
        return msgspec.json.decode(noted.read_bytes(), type=_Stamp)
    except (OSError, msgspec.DecodeError):
        return None


def _write(path: Path, stamp: _Stamp) -> None:
    for noted in (_beside(path), _away(stamp.sha256)):
        with contextlib.suppress(OSError):  # where neither can be written it is hashed every time
            noted.parent.mkdir(parents=True, exist_ok=True)
            record.replace(noted, msgspec.json.encode(stamp))
            return


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".verified")


def _away(sha256: str) -> Path:
    return record.root() / ".verified" / f"{sha256}.json"
