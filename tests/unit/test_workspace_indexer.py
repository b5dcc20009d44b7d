"""Making the index and keeping it up to date."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from slm_lsp.index import database, indexer, readers
from slm_lsp.index.client import Report
from slm_lsp.index.database import Database, database_path
from slm_lsp.index.indexer import run
from slm_lsp.syntax.symbols import symbols

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = (tmp_path / "project").resolve()
    write(root, "a.py", "def first(): ...\n")
    write(root, "pkg/b.py", "class Second:\n    def method(self): ...\n")
    return root


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def last(root: Path, *paths: Path) -> Report:
    [*_, report] = run(root, [str(path) for path in paths])
    return report


def names(root: Path) -> set[tuple[str, str]]:
    with sqlite3.connect(database_path(root)) as connection:
        rows = connection.execute("SELECT path, name FROM symbols JOIN files ON id = file")
        return set(rows.fetchall())


WHOLE = {("a.py", "first"), ("pkg/b.py", "Second"), ("pkg/b.py", "method")}


def test_a_first_run_reads_everything(root):
    assert last(root) == Report("done", 2, 2)
    assert names(root) == WHOLE


def test_another_run_reads_what_changed(root):
    last(root)
    write(root, "a.py", "def other(): ...\n")
    (root / "pkg" / "b.py").unlink()
    write(root, "c.py", "X = 1\n")
    assert last(root) == Report("done", 2, 2)
    assert names(root) == {("a.py", "other"), ("c.py", "X")}
    assert last(root) == Report("done", 2, 0)


def test_single_files_are_made_changed_and_removed(root):
    last(root)
    changed = write(root, "a.py", "def other(): ...\n")
    made = write(root, "d.py", "def made(): ...\n")
    gone = root / "pkg" / "b.py"
    gone.unlink()
    write(root, "unnoticed.py", "def unnoticed(): ...\n")
    assert last(root, changed, made, gone) == Report("done", 3, 2)
    assert names(root) == {("a.py", "other"), ("d.py", "made")}


def test_a_folder_that_is_gone_takes_its_files_along(root):
    last(root)
    write(root, "pkg2/b.py", "def stays(): ...\n")
    last(root, root / "pkg2" / "b.py")
    (root / "pkg" / "b.py").unlink()
    (root / "pkg").rmdir()
    last(root, root / "pkg")
    assert names(root) == {("a.py", "first"), ("pkg2/b.py", "stays")}


def test_what_is_outside_is_not_indexed(root, tmp_path):
    last(root)
    outside = write(tmp_path, "x.py", "def x(): ...\n")
    assert last(root, outside).read == 0
    assert names(root) == WHOLE


def test_many_files_are_read_by_processes(root):
    for at in range(readers.FEW * 4):
        write(root, f"many/m{at}.py", f"def f{at}(): ...\n")
    assert last(root) == Report("done", 2 + readers.FEW * 4, 2 + readers.FEW * 4)
    assert len(names(root)) == 3 + readers.FEW * 4


def test_a_file_that_kills_its_reader_has_no_definitions(root, monkeypatch):
    for at in range(readers.FEW * 2):
        write(root, f"many/m{at}.py", f"def f{at}(): ...\n")
    deadly = write(root, "deadly.py", "def deadly(): ...\n")

    def deadly_symbols(source: bytes, language: str):
        if b"deadly" in source:
            os.kill(os.getpid(), signal.SIGKILL)
        return symbols(source, language)

    monkeypatch.setattr(readers, "symbols", deadly_symbols)
    monkeypatch.setattr(readers, "PATIENCE_S", 1.0)
    assert last(root) == Report("done", readers.FEW * 2 + 3, readers.FEW * 2 + 3)
    assert deadly.name not in {path for path, _ in names(root)}
    assert last(root).read == 0, "it would be tried at every start"


def test_secrets_are_masked(root):
    key = "AKIA" + "IOSFODNN7EXAMPLQ"
    write(root, "s.py", f'def connect(key="{key}"): ...\n')
    last(root)
    assert ("s.py", "connect") in names(root)
    assert key.encode() not in database_path(root).read_bytes()


@pytest.mark.parametrize(
    "damage", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_damaged_database_is_made_again(root, damage):
    last(root)
    for path in database_path(root).parent.glob("*.sqlite*"):
        path.write_bytes(damage)
    assert last(root, root / "a.py").state == "done"
    assert names(root) == WHOLE, "although only one file was asked for"


def test_damage_inside_is_made_good(root):
    for at in range(300):
        write(root, f"m{at}.py", "".join(f"def f{at}_{n}(a, b): ...\n" for n in range(30)))
    last(root)
    path = database_path(root)
    content = bytearray(path.read_bytes())
    content[4096:-4096] = os.urandom(len(content) - 8192)
    path.write_bytes(content)
    assert last(root).state == "done"
    assert last(root).read in (0, 302)
    assert names(root) >= WHOLE


def test_a_locked_database_is_made_again(root, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE_S", 0.2)
    last(root)
    with sqlite3.connect(database_path(root), isolation_level=None) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        write(root, "c.py", "X = 1\n")
        assert last(root).state == "done"
    holder.close()
    assert names(root) == WHOLE | {("c.py", "X")}


def test_another_versions_database_is_made_again(root, monkeypatch):
    last(root)
    monkeypatch.setattr(database, "__version__", "0.0.0-other")
    assert last(root) == Report("done", 2, 2)


def test_where_nothing_can_be_written_it_says_so(root, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    report = last(root)
    assert report.state == "failed"
    assert report.failed


def start(root: Path, *jobs: list[str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "slm_lsp.index.indexer", str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(b"".join(msgspec.json.encode(job) + b"\n" for job in jobs))
    process.stdin.flush()
    return process


def finish(process: subprocess.Popen[bytes]) -> list[Report]:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert err == b""
    return [msgspec.json.decode(line, type=Report) for line in out.splitlines()]


def test_the_process_does_its_jobs_and_ends_with_its_input(root):
    changed = write(root, "a.py", "def first(): ...\ndef more(): ...\n")
    reports = finish(start(root, [], [str(changed)], [str(root / ".gitignore")]))
    assert [(it.state, it.files) for it in reports] == [("done", 2), ("done", 1), ("done", 2)]
    assert ("a.py", "more") in names(root)


def test_processes_at_once_make_one_index(root):
    for at in range(150):
        write(root, f"m{at}.py", f"def f{at}(): ...\n")
    running = [start(root, [], [str(root / "a.py")]) for _ in range(3)]
    reports = [finish(process)[-2] for process in running]
    assert [it.state for it in reports] == ["done"] * 3
    assert sum(it.read for it in reports) == 152, "each file is read by one of them"
    assert len(names(root)) == 153


def test_a_process_killed_at_work_loses_only_what_it_did_last(root, monkeypatch):
    for at in range(1500):
        write(root, f"m{at}.py", f"def f{at}(): ...\n")
    process = start(root, [])
    path = database_path(root)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if path.exists() and _count(path) > 0:
            break
        time.sleep(0.01)
    process.kill()
    process.communicate()
    done = _count(path)
    assert done > 0
    report = last(root)
    assert report.files == 1502
    assert report.read <= 1502 - done
    assert len(names(root)) == 1503


def _count(path: Path) -> int:
    try:
        with sqlite3.connect(path) as connection:
            return int(connection.execute("SELECT count(*) FROM files").fetchone()[0])
    except sqlite3.Error:
        return 0


def test_a_reader_can_read_while_a_writer_writes(root):
    last(root)
    writer = Database(database_path(root))
    writer.remove("a.py")
    assert names(root) == WHOLE
    writer.commit()
    writer.close()
    assert names(root) != WHOLE


def test_idle_processes_leave(root):
    code = (
        "import sys; from slm_lsp.index import indexer; indexer.IDLE_S = 0.1;"
        f"sys.argv[1:] = [{str(root)!r}]; indexer.main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert process.wait(timeout=30) == 0
    assert process.stdin is not None
    process.stdin.close()
    assert indexer.IDLE_S >= 10
