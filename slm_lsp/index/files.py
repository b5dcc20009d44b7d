"""The source files of a workspace: what people wrote, in languages whose definitions are known.

What `.gitignore`, `.slm-lsp-ignore` and `.git/info/exclude` leave out.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

from slm_lsp.context.secrets import is_secret_file
from slm_lsp.syntax.languages import language_of
from slm_lsp.syntax.symbols import has_symbols

if TYPE_CHECKING:
    from collections.abc import Iterator

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


NOT_OWN = frozenset({"__pycache__", "node_modules", "site-packages"})
"""Names of folders that hold what others wrote or a program made; so do those with a dot first."""

MAX_BYTES = 500_000
"""A larger file was made by a program."""

MAX_COLUMNS = 1000
"""So was one with a longer line, in bytes."""

HEAD_BYTES = 1000
"""A file that was generated says so there."""

_GENERATED = re.compile(
    rb"auto-?generated|@generated|generated (by|from) |do not edit", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: its path from the workspace's root, with slashes, and what tells that it changed.

    `size` counts bytes, `modified` nanoseconds.
    """

    path: str
    language: str
    size: int
    modified: int


def may_be_workspace(root: Path) -> bool:
    """Tell whether `root` can be a project: neither the user's home nor anything above it."""
    return root.is_dir() and root not in (Path.home(), *Path.home().parents)


def workspace_of(path: Path) -> Path | None:
    """Return the root of the project that `path` is in: its repository, or else its folder."""
    path = path.resolve()
    folder = path if path.is_dir() else path.parent
    around = (folder, *folder.parents)
    root = next((it for it in around if (it / ".git").exists()), folder)
    return root if may_be_workspace(root) else None


def source_files(root: Path) -> Iterator[SourceFile]:
    """Yield the source files below `root`. Links are not followed.

    `root` must be free of links.
    """
    pending = [(root, Rules.at(root))]
    while pending:
        folder, rules = pending.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            if _is_folder(entry):
                if _is_own(entry.path, rules):
                    inner = folder / entry.name
                    pending.append((inner, rules.inside(inner)))
            elif found := _source_file(root, entry.path, rules):
                yield found


def find(root: Path, path: Path) -> SourceFile | None:
    """Return the file at `path` if it is among the `source_files` of `root`."""
    if os.path.realpath(path) != str(path) or root not in path.parents:
        return None
    rules, folder = Rules.at(root), root
    for name in path.relative_to(root).parts[:-1]:
        folder /= name
        if not _is_own(str(folder), rules):
            return None
        rules = rules.inside(folder)
    return _source_file(root, str(path), rules)


def is_generated(source: bytes) -> bool:
    """Tell whether the head of a file says that a program made it."""
    return bool(_GENERATED.search(source, 0, HEAD_BYTES))


def read(root: Path, file: SourceFile) -> bytes | None:
    """Return the text of `file` in UTF-8; None for what is gone, binary, minified or generated."""
    try:
        source = (root / file.path).read_bytes()
    except OSError:
        return None
    made = (
        b"\0" in source
        or is_generated(source)
        or any(len(line) > MAX_COLUMNS for line in source.split(b"\n"))
    )
    return None if made else source


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_own(folder: str, rules: Rules) -> bool:
    name = folder.rpartition("/")[2]
    return (
        name not in NOT_OWN
        and not name.startswith(".")
        and not rules.ignore(folder, is_folder=True)
        and not Path(folder, "pyvenv.cfg").exists()
    )


def _source_file(root: Path, path: str, rules: Rules) -> SourceFile | None:
    language = language_of(path)
    if not has_symbols(language) or is_secret_file(path) or rules.ignore(path, is_folder=False):
        return None
    try:
        status = os.lstat(path)
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
        return None
    relative = path[len(str(root).rstrip("/")) + 1 :]
    return SourceFile(relative, language, status.st_size, status.st_mtime_ns)
