"""Which files an evaluation takes its holes from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from slm_lsp.errors import UsageError
from slm_lsp.syntax.languages import PLAIN_TEXT, language_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slm_lsp.text.document import Document

NOT_CODE = frozenset(
    {
        "html",
        "ini",
        "json",
        "jsonc",
        "latex",
        "markdown",
        "restructuredtext",
        "svelte",
        "terraform",
        "toml",
        "vue",
        "xml",
        "yaml",
    }
)
"""Languages that count only where a file is named: data, prose, and markup around other code."""

NOT_OWN = frozenset(
    {"__pycache__", "build", "dist", "node_modules", "site-packages", "target", "vendor"}
)
"""Names of folders that hold what others wrote or a program made; so do those with a dot first."""

MAX_BYTES = 1_000_000
"""A larger file in a folder was made by a program."""

MAX_COLUMNS = 1000
"""So was one with a longer line."""


def source_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files named by `paths` and the code below those that are folders, sorted.

    Raises UsageError for one that does not exist or is in no known language, and where nothing is
    left.
    """
    found: set[Path] = set()
    for path in paths:
        if path.is_dir():
            found.update(_below(path))
        elif not path.exists():
            raise UsageError(f"There is no file or folder {path}.")
        elif language_of(path.name) == PLAIN_TEXT:
            raise UsageError(f"{path} is in no language that slm-lsp knows by its file name.")
        else:
            found.add(path)
    if not found:
        raise UsageError("No source files there: " + ", ".join(map(str, paths)) + ".")
    return sorted(found)


def check_source(path: Path, document: Document) -> None:
    """Raise UsageError unless `document`, read from `path`, is a source that a person wrote."""
    for line in document.lines:
        if "\0" in line:
            raise UsageError(f"{path} is a binary file.")
        if len(line) > MAX_COLUMNS:
            raise UsageError(
                f"{path} has lines of more than {MAX_COLUMNS} characters, so a program made it."
            )


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if name not in NOT_OWN
            and not name.startswith(".")
            and not (Path(root) / name / "pyvenv.cfg").exists()
        ]
        for name in names:
            path = Path(root) / name
            language = language_of(name)
            if (
                language != PLAIN_TEXT
                and language not in NOT_CODE
                and not name.startswith(".")
                and path.is_file()
                and path.stat().st_size <= MAX_BYTES
            ):
                yield path
