"""SHA256SUMS: every file of a bundle and its checksum, as `sha256sum --check` reads them."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from slm_lsp.errors import BundleDamaged

if TYPE_CHECKING:
    from pathlib import Path

SUMS = "SHA256SUMS"
SIGNATURE = "SHA256SUMS.sig"

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_SHOWN = 5
"""Files named in a complaint; where more are wrong, it is not a matter of single files."""


def write(bundle: Path) -> None:
    """Write the checksums of all files in the folder `bundle`."""
    lines = [f"{_hash(bundle / name)}  {name}\n" for name in sorted(_files(bundle))]
    (bundle / SUMS).write_text("".join(lines), "utf-8")


def verify(bundle: Path) -> int:
    """Compare all files in the folder `bundle` with their checksums; return how many there are.

    Raises BundleDamaged where one was changed, is missing, or was added.
    """
    expected = _read(bundle)
    found = _files(bundle)
    changed = {name for name in expected.keys() & found if _hash(bundle / name) != expected[name]}
    problems = [
        f"{what}: {_some(names)}"
        for what, names in (
            ("changed", changed),
            ("missing", expected.keys() - found),
            ("not in SHA256SUMS", found - expected.keys()),
        )
        if names
    ]
    if problems:
        raise BundleDamaged(
            f"{bundle} is not the bundle that was made ({'; '.join(problems)}); "
            "do not install it. Copy it again from where it was made."
        )
    return len(expected)


def _read(bundle: Path) -> dict[str, str]:
    try:
        lines = (bundle / SUMS).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BundleDamaged(f"{bundle / SUMS} cannot be read ({error}).") from error
    read = [_LINE.fullmatch(line) for line in lines]
    known = {line[2]: line[1] for line in read if line}
    if not known or len(known) != len(lines):
        raise BundleDamaged(f"{bundle / SUMS} has lines that are no checksums; copy it again.")
    return known


def _files(bundle: Path) -> set[str]:
    """Return all but the checksums themselves. Links, which lead elsewhere, count as files."""
    found = (path for path in bundle.rglob("*") if path.is_symlink() or not path.is_dir())
    return {path.relative_to(bundle).as_posix() for path in found} - {SUMS, SIGNATURE}


def _hash(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        return "no regular file"
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BundleDamaged(f"{path} cannot be read ({error.strerror}).") from error


def _some(names: set[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(sorted(names)[:_SHOWN]) + more
