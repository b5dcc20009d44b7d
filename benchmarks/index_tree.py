"""How fast a workspace is indexed, and what that takes, on a tree of real Python files.

The files are those of the standard library and of this environment's packages, copied until there
are 10,000 (one copy with `--quick`). The process that the server starts is given the same jobs, and
an empty cache folder.

| figure | |
|---|---|
| `index_files_per_s` | files of the tree / seconds from starting the process to its report |
| `index_update_p95_ms` | a changed file: from telling the process to its report |
| `index_memory_mb` | of the process and its readers, what they share counted once, at most |
| `index_recheck_s` | seconds for looking at a tree in which nothing has changed |
| `lookup_p95_ms` | finding what a file uses from others, in a thread of the server |
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import psutil

from benchmarks.report import Figures, command_line, percentile, publish
from slm_lsp.index.client import Report
from slm_lsp.index.database import database_path
from slm_lsp.index.definitions import definition_lines
from slm_lsp.syntax.syntax import Syntax, parse
from slm_lsp.text.document import Cursor, Document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FILES = 10_000
"""Files in the tree at least."""

UPDATES = 100
"""Files changed one by one."""

LOOKUPS = 200
"""Files whose definitions are looked up, at a random line."""

TOKENS = 256
"""The budget of a look-up."""

SAMPLE_S = 0.02
"""Seconds between two looks at the memory."""

SEED = 0


class Indexer:
    """The process, with what memory it took at most."""

    def __init__(self, root: Path, cache: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "slm_lsp.index.indexer", str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        )
        self.peak_bytes = 0
        threading.Thread(target=self._watch, daemon=True).start()

    def do(self, *paths: Path) -> tuple[Report, float]:
        """Return the last report about `paths`, without any about the whole tree, and seconds."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        started = time.perf_counter()
        stdin.write(msgspec.json.encode([str(path) for path in paths]) + b"\n")
        stdin.flush()
        while (report := msgspec.json.decode(stdout.readline(), type=Report)).state == "running":
            pass
        return report, time.perf_counter() - started

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _watch(self) -> None:
        with contextlib.suppress(psutil.Error):
            main = psutil.Process(self._process.pid)
            while True:
                total = 0
                for process in (main, *main.children()):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        total += process.memory_full_info().pss
                self.peak_bytes = max(self.peak_bytes, total)
                time.sleep(SAMPLE_S)


def plant(root: Path, least: int) -> list[Path]:
    """Copy the files below `root`, as a whole and as often as it takes for `least` of them."""
    origins = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib")]
    sources = {
        path.relative_to(origin.parent): path
        for origin in origins
        for path in origin.rglob("*.py")
        if origin.name == "site-packages" or "site-packages" not in path.parts
    }
    made: list[Path] = []
    while not made or len(made) < least:
        copy = root / f"copy{len(made)}"
        for relative, path in sources.items():
            # A folder that is called so holds what others wrote, and would be left out.
            target = copy / str(relative).replace("site-packages", "packages")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            made.append(target)
    return made


def measure(least: int) -> tuple[Figures, list[dict[str, Any]]]:
    """Return the figures and rows for a tree of at least `least` files."""
    with tempfile.TemporaryDirectory() as folder:
        root, cache = Path(folder).resolve() / "tree", Path(folder) / "cache"
        files = plant(root, least)
        indexer = Indexer(root, cache)
        built, built_s = indexer.do()
        chosen = random.Random(SEED).sample(files, UPDATES)
        updated_ms = list(_updates(indexer, chosen))
        _, recheck_s = indexer.do()
        indexer.close()
        with _cache(cache):
            lookup_ms = list(_lookups(root, random.Random(SEED).sample(files, LOOKUPS)))
            size = database_path(root).stat().st_size
    figures: Figures = {
        "files": built.files,
        "index_files_per_s": built.files / built_s,
        "index_update_p50_ms": percentile(updated_ms, 50),
        "index_update_p95_ms": percentile(updated_ms, 95),
        "index_memory_mb": indexer.peak_bytes / 1e6,
        "index_recheck_s": recheck_s,
        "index_size_mb": size / 1e6,
        "lookup_p50_ms": percentile(lookup_ms, 50),
        "lookup_p95_ms": percentile(lookup_ms, 95),
    }
    return figures, [{"files": built.files, "read": built.read, "built_s": built_s}]


def _updates(indexer: Indexer, files: Sequence[Path]) -> Iterator[float]:
    for path in files:
        with path.open("ab") as file:
            file.write(b"\n\ndef added(): ...\n")
        report, seconds = indexer.do(path)
        if report.read:  # not one that a program made, as some in any tree
            yield seconds * 1e3


def _lookups(root: Path, files: Sequence[Path]) -> Iterator[float]:
    chance = random.Random(SEED)
    for path in files:
        name = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8", errors="replace")
        document = Document.of(text, uri=path.as_uri(), language="python", path=name)
        syntax = parse(document)
        assert isinstance(syntax, Syntax)
        line = chance.randrange(len(document.lines))
        started = time.perf_counter()
        definition_lines(database_path(root), document, syntax, Cursor(line, 0), TOKENS)
        yield (time.perf_counter() - started) * 1e3


@contextlib.contextmanager
def _cache(folder: Path) -> Iterator[None]:
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(folder)
    yield
    os.environ.pop("XDG_CACHE_HOME")
    if before is not None:
        os.environ["XDG_CACHE_HOME"] = before


def main() -> int:
    """Run the benchmark."""
    parser = command_line("benchmarks.index_tree", __doc__, "one copy, under 50 seconds")
    options = parser.parse_args()
    figures, rows = measure(1 if options.quick else FILES)
    publish("benchmarks.index_tree", figures, rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
