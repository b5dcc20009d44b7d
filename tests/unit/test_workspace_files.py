"""Which files of a workspace are looked at."""

from __future__ import annotations

import os
import resource
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from slm_lsp.index.files import (
    MAX_BYTES,
    find,
    may_be_workspace,
    read,
    source_files,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE = "def f():\n    return 1\n"


def make(root: Path, **files: str) -> Path:
    """Write files whose names stand for paths: `__` is a slash and `DOT` a dot."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("DOT", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def names(root: Path) -> set[str]:
    listed = {file.path for file in source_files(root)}
    for folder, _, found in os.walk(root, followlinks=True):
        for name in found:
            path = Path(folder, name)
            one = find(root, path)
            inside = path.relative_to(root).as_posix()
            assert (one is not None) == (inside in listed), f"find and source_files: {inside}"
    return listed


@contextmanager
def memory_for(megabytes: int) -> Iterator[None]:
    """Let this process grow by so much, so that a failing test leaves the machine alone."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = psutil.Process().memory_info().vms
    resource.setrlimit(resource.RLIMIT_AS, (used + megabytes * 1_000_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return (tmp_path / "project").resolve()


def test_code_is_found_below_the_root(root):
    make(root, aDOTpy=CODE, b__cDOTgo="package c\n", b__d__eDOTts="export {}\n")
    assert names(root) == {"a.py", "b/c.go", "b/d/e.ts"}


def test_what_has_no_definitions_is_left_out(root):
    make(root, aDOTtxt="x", bDOTmd="x", MAKEFILE="x", cDOTjson="{}", dDOTpy=CODE)
    assert names(root) == {"d.py"}


def test_the_ignore_files_are_obeyed(root):
    make(
        root,
        DOTgitignore="*_made.py\n/build/\n!kept_made.py\n",
        a_madeDOTpy=CODE,
        kept_madeDOTpy=CODE,
        build__xDOTpy=CODE,
        inner__build__yDOTpy=CODE,
        inner__DOTgitignore="local.py\n",
        inner__localDOTpy=CODE,
        localDOTpy=CODE,
    )
    assert names(root) == {"kept_made.py", "inner/build/y.py", "local.py"}


def test_our_own_ignore_file_is_above_git_s(root):
    make(root, DOTgitignore="a.py\n", aDOTpy=CODE, bDOTpy=CODE)
    (root / ".slm-lsp-ignore").write_text("!a.py\nb.py\n")
    assert names(root) == {"a.py"}


def test_a_repository_around_the_workspace_counts(root):
    make(root, DOTgitignore="made/\n/app/own.py\n", app__made__xDOTpy=CODE, app__ownDOTpy=CODE)
    make(root, app__restDOTpy=CODE)
    (root / ".git" / "info").mkdir(parents=True)
    (root / ".git" / "info" / "exclude").write_text("rest.py\n")
    assert names(root / "app") == set()
    (root / ".git" / "info" / "exclude").unlink()
    assert names(root / "app") == {"rest.py"}


def test_lines_that_are_no_patterns_are_skipped(root):
    make(root, DOTgitignore="!\n[\n\\\na.py\n\xff\n", aDOTpy=CODE, bDOTpy=CODE)
    assert names(root) == {"b.py"}


@pytest.mark.parametrize("endless", [False, True])
def test_an_ignore_file_that_is_no_file_holds_nothing_up(root, endless):
    make(root, aDOTpy=CODE, bDOTpy=CODE)
    (root / ".slm-lsp-ignore").write_text("b.py\n")
    if endless:
        (root / ".gitignore").symlink_to("/dev/zero")
    else:
        os.mkfifo(root / ".gitignore")
    with memory_for(megabytes=500):
        assert names(root) == {"a.py"}


def test_folders_of_others_are_left_out(root):
    make(root, node_modules__aDOTjs="1", DOTvenv__bDOTpy=CODE, env__pyvenvDOTcfg="", env__cDOTpy="")
    make(root, __pycache____dDOTpy=CODE, eDOTpy=CODE)
    assert "e.py" in names(root)
    assert not names(root) & {"node_modules/a.js", ".venv/b.py", "env/c.py"}


def test_no_link_is_followed(root, tmp_path):
    make(tmp_path / "outside", secretDOTpy=CODE)
    make(root, aDOTpy=CODE, b__cDOTpy=CODE)
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "out.py").symlink_to(tmp_path / "outside" / "secret.py")
    (root / "again").symlink_to(root / "b")
    (root / "round").symlink_to(root)
    (root / "dangling.py").symlink_to(root / "nothing.py")
    assert {file.path for file in source_files(root)} == {"a.py", "b/c.py"}
    for linked in ("out/secret.py", "out.py", "again/c.py", "round/a.py", "dangling.py"):
        assert find(root, root / linked) is None


def test_what_is_outside_is_not_found(root, tmp_path):
    make(root, aDOTpy=CODE)
    make(tmp_path, bDOTpy=CODE)
    assert find(root, tmp_path / "b.py") is None
    assert find(root, root / ".." / "b.py") is None


def test_files_of_secrets_are_not_read(root):
    make(root, DOTaws__credentialsDOTpy=CODE, DOTenvDOTpy=CODE, aDOTpy=CODE)
    assert names(root) == {"a.py"}


def test_pipes_and_folders_that_are_called_like_code(root):
    make(root, aDOTpy=CODE)
    (root / "folder.py").mkdir()
    os.mkfifo(root / "pipe.py")
    assert names(root) == {"a.py"}


@pytest.mark.parametrize(
    "content",
    [
        b"a = 1\0\n",
        b"a = '" + b"x" * 1001 + b"'\n",
        b"# Code generated by protoc. DO NOT EDIT.\na = 1\n",
    ],
)
def test_what_no_person_wrote_is_not_read(root, content):
    make(root, aDOTpy="")
    (root / "a.py").write_bytes(content)
    [file] = source_files(root)
    assert read(root, file) is None


def test_a_large_file_is_left_out(root):
    make(root, aDOTpy="x = 1\n" * (MAX_BYTES // 6 + 1), bDOTpy=CODE)
    assert names(root) == {"b.py"}


def test_a_file_that_is_gone_is_not_read(root):
    make(root, aDOTpy=CODE)
    [file] = source_files(root)
    (root / "a.py").unlink()
    assert read(root, file) is None
    assert find(root, root / "a.py") is None


def test_a_home_is_no_workspace(root, monkeypatch):
    make(root, aDOTpy=CODE)
    assert may_be_workspace(root)
    monkeypatch.setenv("HOME", str(root / "x"))
    assert not may_be_workspace(root)
    assert not may_be_workspace(Path("/"))
    assert not may_be_workspace(root / "nothing")
