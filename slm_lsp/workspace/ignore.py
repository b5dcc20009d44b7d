"""What `.gitignore`, `.slm-lsp-ignore` and `.git/info/exclude` leave out."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

if TYPE_CHECKING:
    from pathlib import Path

IGNORE_FILES = (".gitignore", ".slm-lsp-ignore")
"""Read in every folder; what the later one says is above what the earlier one says."""

LARGEST = 1_000_000
"""Bytes read of one. In somebody's repository it may be a link to what has no end."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the ignore files of `folder` and of those above it say."""

    folder: str
    specs: tuple[GitIgnoreSpec, ...] = ()
    above: Rules | None = None

    @classmethod
    def at(cls, folder: Path) -> Rules:
        """Return the rules for what lies in `folder`, those of its repository included."""
        repository = next(
            (it for it in (folder, *folder.parents) if (it / ".git").exists()), folder
        )
        specs = [_read(repository / ".git" / "info" / "exclude")]
        rules = cls(str(repository), tuple(spec for spec in specs if spec))
        steps = folder.relative_to(repository).parts
        for depth in range(len(steps) + 1):
            rules = rules.inside(repository.joinpath(*steps[:depth]))
        return rules

    def inside(self, folder: Path) -> Rules:
        """Return the rules for what lies in `folder`, which is this one or directly in it."""
        specs = tuple(spec for name in IGNORE_FILES if (spec := _read(folder / name)))
        return Rules(str(folder), specs, self) if specs else self

    def ignore(self, path: str, *, is_folder: bool) -> bool:
        """Tell whether `path`, absolute and below `folder`, is left out; the nearest file decides.

        What lies in a folder that is left out is not asked about.
        """
        rules: Rules | None = self
        while rules is not None:
            relative = path[len(rules.folder.rstrip("/")) + 1 :] + "/" * is_folder
            for spec in reversed(rules.specs):
                if (verdict := spec.check_file(relative).include) is not None:
                    return verdict
            rules = rules.above
        return False


def _read(path: Path) -> GitIgnoreSpec | None:
    """Return the patterns in the file at `path`; None without any."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as file:
            lines = file.read(LARGEST).decode(errors="replace").splitlines()
    except OSError:
        return None
    valid = [line for line in lines if line.strip() and _is_pattern(line)]
    return GitIgnoreSpec.from_lines(valid) if valid else None


def _is_pattern(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True
