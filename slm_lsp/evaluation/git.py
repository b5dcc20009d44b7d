"""Reading the commits of a repository through `git`: bounded, offline, and without writing."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slm_lsp.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_SECONDS = 60
"""Seconds for one call of `git`; a listing of 1,000 commits takes less than one."""

MAX_LISTING_BYTES = 64_000_000
"""Bytes that a listing of changed files may have."""

MAX_FILES = 100
"""Files in one commit; one that changes more moved or reformatted code."""

_HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)

# `protocol.allow` keeps a partial clone from fetching what it lacks.
_OPTIONS = (
    "--no-pager",
    "--no-optional-locks",
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.devnull),
    *("-c", "protocol.allow=never"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """A file, `path` below the repository's root, that `commit` changed from blob to blob."""

    commit: str
    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines replaced: `[old_start, old_end)` by `[new_start, new_end)`, counted from 0."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


class Repository:
    """The repository that `path`, a folder or a file, is in. Raises UsageError if there is none."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise UsageError(f"There is no file or folder {path}.")
        self._folder = path if path.is_dir() else path.parent
        self._pathspec = "." if path.is_dir() else path.name
        found = self._read("rev-parse", "--show-toplevel")
        if not found:
            raise UsageError(
                f"{path} is not in a git repository that you own; name a folder of one."
            )
        self.root = Path(os.fsdecode(found.removesuffix(b"\n")))

    @property
    def shallow(self) -> bool:
        """Tell whether the history was cut off when the repository was cloned."""
        return self._read("rev-parse", "--is-shallow-repository") == b"true\n"

    def changes(self, commits: int) -> list[Change]:
        """Return what the last `commits` commits changed below the path, the newest first.

        Merges, added files and commits that changed more than `MAX_FILES` are left out.
        """
        revisions = self._read("rev-list", "--no-merges", f"--max-count={commits}", "HEAD", "--")
        listing = self._read(
            *("diff-tree", "--stdin", "-r", "--raw", "-z", "--no-renames", "--diff-filter=M"),
            *("--no-abbrev", "--no-ext-diff", "--no-textconv", "--", self._pathspec),
            given=revisions or b"",
        )
        by_commit: dict[str, list[Change]] = {}
        for change in _listed(listing or b""):
            by_commit.setdefault(change.commit, []).append(change)
        return [each for part in by_commit.values() if len(part) <= MAX_FILES for each in part]

    def blob(self, name: str, limit: int) -> bytes | None:
        """Return the content of a blob; None if it is not there or has more than `limit` bytes."""
        return self._read("cat-file", "blob", name, limit=limit)

    def hunks(self, change: Change) -> list[Hunk]:
        """Return the hunks of `change` from top to bottom."""
        difference = self._read(
            *("diff", "-U0", "--inter-hunk-context=0", "--diff-algorithm=histogram", "--no-color"),
            *("--no-ext-diff", "--no-textconv", change.old, change.new, "--"),
        )
        return [_hunk(match) for match in _HUNK.finditer(difference or b"")]

    def _read(
        self, *arguments: str, given: bytes = b"", limit: int = MAX_LISTING_BYTES
    ) -> bytes | None:
        """Return what git prints; None where it fails, or prints more than `limit` bytes.

        Raises UsageError where there is no git, or it takes too long.
        """
        try:
            process = subprocess.Popen(
                ["git", *_OPTIONS, *arguments],
                cwd=self._folder,
                env=_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise UsageError(
                f"git cannot be started ({error.strerror}); install it, or leave out --git."
            ) from None
        late = threading.Timer(MAX_SECONDS, process.kill)
        late.start()
        with process:
            threading.Thread(target=_feed, args=(process, given), daemon=True).start()
            output = process.stdout.read(limit + 1) if process.stdout else b""
            if len(output) > limit:
                process.kill()
        timed_out = not late.is_alive()
        late.cancel()
        if timed_out:
            raise UsageError(f"git {arguments[0]} took more than {MAX_SECONDS} s; lower --commits.")
        return output if process.returncode == 0 and len(output) <= limit else None


def _feed(process: subprocess.Popen[bytes], given: bytes) -> None:
    if process.stdin:
        try:
            process.stdin.write(given)
            process.stdin.close()
        except OSError:
            pass  # git ended first; its exit status tells


def _environment() -> dict[str, str]:
    """Return the user's environment without what would point git elsewhere or start programs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LITERAL_PATHSPECS": "1",
    }


def _listed(listing: bytes) -> Iterator[Change]:
    """Read `diff-tree --stdin --raw -z`: a commit, then `:modes old new M` and a path for each."""
    commit = ""
    fields = iter(listing.split(b"\0"))
    for field in fields:
        if not field.startswith(b":"):
            commit = field.strip().decode("ascii")
            continue
        _, mode, old, new, _ = field.decode("ascii").split(" ")
        path = os.fsdecode(next(fields))
        if mode.startswith("100"):  # neither a link nor a submodule
            yield Change(commit, path, old, new)


def _hunk(match: re.Match[bytes]) -> Hunk:
    old, removed, new, added = (int(1 if part is None else part) for part in match.groups())
    # Where a side has no lines, git names the line before.
    old_start, new_start = old - (removed > 0), new - (added > 0)
    return Hunk(old_start, old_start + removed, new_start, new_start + added)
