"""`slm-lsp eval`: figures about completions, from the user's files or from cases."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.client import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.world import Finished, World

FIGURES = {
    "n",
    "exact_match",
    "edit_similarity",
    "chars_saved",
    "shown_rate",
    "precision_shown",
    "syntax_errors_added",
    "suffix_repeated",
    "latency_p50_ms",
    "latency_p95_ms",
}
ROW = {"id", "completion", "shown", "dropped", "confidence", "latency_ms", "exact_match"}

CASES = [
    {
        "id": "right",
        "language": "python",
        "prefix": "x = ",
        "suffix": "\n",
        "expected": "one + two",
    },
    {"id": "wrong", "language": "python", "prefix": "y = ", "suffix": "\n", "expected": "three"},
    {"id": "none", "language": "go", "prefix": "package p\nfo", "suffix": "o\n", "expected": "zz"},
]

SOURCE = """import os


def first(a, b):
    total = add(a, b)
    if total:
        print(total, os.name)
    return total
"""


def choose(world: World, model: str) -> None:
    path = world.config / "slm-lsp" / "slm-lsp.toml"
    path.write_text(f'model = "{model}"\n', encoding="utf-8")


def write(world: World, name: str, content: str | bytes) -> Path:
    path = world.project / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def cases(world: World, made: list[dict[str, Any]] = CASES) -> Path:
    return write(world, "cases.jsonl", "".join(json.dumps(case) + "\n" for case in made))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def assert_one_clear_error(finished: Finished, code: int, about: str) -> None:
    assert finished.code == code
    assert finished.stdout == ""
    assert len(finished.stderr.strip().splitlines()) == 1, finished.stderr
    assert about in finished.stderr


@pytest.fixture(scope="module")
def ready(shared_world):
    """A world in which a model is chosen; its engine serves the whole module."""
    replies = ({"after": "x = ", "text": "one + two\n"}, {"after": "y = ", "text": "four\n"})
    choose(shared_world, shared_world.fake(*replies, default="return total\n"))
    return shared_world


async def test_cases_are_judged(ready):
    out = ready.project / "out.jsonl"
    finished = await ready.cli("eval", "--cases", str(cases(ready)), "--out", str(out), "--json")
    assert (finished.code, finished.stderr) == (0, "")
    answer = json.loads(finished.stdout)
    assert set(answer) == FIGURES | {"by_language", "by_hole"}
    assert set(answer["by_language"]) == {"python", "go"}
    assert set(answer["by_hole"]) == {"given"}
    assert set(answer["by_language"]["python"]) == FIGURES
    assert answer["n"] == 3
    assert answer["exact_match"] == pytest.approx(1 / 3)
    assert answer["shown_rate"] == pytest.approx(2 / 3)
    assert answer["precision_shown"] == 0.5
    assert answer["chars_saved"] == len("one + two")
    rows = lines(out)
    assert [row["id"] for row in rows] == ["right", "wrong", "none"]
    assert all(set(row) >= ROW | {"language", "hole"} for row in rows)
    assert [row["completion"] for row in rows] == ["one + two", "four", None]
    assert [row["exact_match"] for row in rows] == [True, False, False]
    assert [row["dropped"] for row in rows] == ["", "", "inside a word"]
    assert rows[0]["latency_ms"] >= 0
    assert rows[2]["confidence"] is None


def repository(world: World) -> Path:
    """Make a repository whose second commit adds one line."""
    folder = world.project / "history"
    folder.mkdir()
    git = ("git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run([*git, "init", "-q"], check=True)
    for content in ("a = 1\n", "a = 1\nx = one + two\n"):
        (folder / "a.py").write_text(content, encoding="utf-8")
        subprocess.run([*git, "add", "a.py"], check=True)
        subprocess.run([*git, "commit", "-q", "--no-gpg-sign", "-m", "a commit"], check=True)
    return folder


async def test_a_model_is_named_for_one_run(ready):
    arguments = ("--cases", str(cases(ready)), "--model", "no-such-model")
    assert_one_clear_error(await ready.cli("eval", *arguments), 1, "no-such-model")


async def test_commits_are_replayed(ready):
    folder = repository(ready)
    out = ready.project / "history.jsonl"
    finished = await ready.cli("eval", "--git", str(folder), "--out", str(out), "--json")
    assert (finished.code, finished.stderr) == (0, "")
    answer = json.loads(finished.stdout)
    assert set(answer) == FIGURES | {"by_language", "by_hole"}
    assert answer["by_language"]["python"]["n"] == answer["n"] == 2
    assert set(answer["by_hole"]) == {"line", "line-rest"}
    assert lines(out)[0]["id"].endswith(":a.py:2:1:line")


@pytest.mark.parametrize(
    "arguments", [("src", "--git"), ("--git", ".", "--cases", "c"), ("src", "--commits", "3")]
)
async def test_holes_come_from_one_place(ready, arguments: tuple[str, ...]):
    assert_one_clear_error(await ready.cli("eval", *arguments), 2, "--")


async def test_holes_of_ones_own_files_are_the_same_every_time(ready):
    write(ready, "src/a.py", SOURCE)
    write(ready, "src/b.rb", "total = 12345\nother = total + 1\n")
    out = ready.project / "own.jsonl"
    seen = []
    for seed in ("1", "1", "2"):
        arguments = ("src", "--holes", "14", "--seed", seed, "--out", str(out), "--json")
        finished = await ready.cli("eval", *arguments)
        assert finished.code == 0, finished
        assert json.loads(finished.stdout)["n"] == 14
        seen.append([(row["id"], row["completion"]) for row in lines(out)])
    assert seen[0] == seen[1] != seen[2]
    assert set(json.loads(finished.stdout)["by_language"]) == {"python", "ruby"}


async def test_without_json_a_table(ready):
    finished = await ready.cli("eval", "--cases", str(cases(ready)))
    assert finished.code == 0
    head, *rows = (line.split() for line in finished.stdout.splitlines() if line.strip())
    assert head[:2] == ["holes", "exact"]
    assert [row[:3] for row in rows if row[0] == "python"] == [["python", "2", "50.0%"]]


async def test_a_page(ready):
    path = ready.project / "report.html"
    path.write_text("an old and longer report " * 2000, encoding="utf-8")
    finished = await ready.cli("eval", "--cases", str(cases(ready)), "--report", str(path))
    assert finished.code == 0, finished
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert text.endswith("</html>\n")
    assert "one + two" not in text


async def test_some_of_the_cases(ready):
    finished = await ready.cli("eval", "--cases", str(cases(ready)), "--holes", "2", "--json")
    assert json.loads(finished.stdout)["n"] == 2


async def test_what_cannot_be_read_in_a_folder_is_left_out_with_a_warning(ready):
    write(ready, "mixed/a.py", SOURCE)
    write(ready, "mixed/b.py", "name = 'café'\n".encode("latin-1"))
    write(ready, "mixed/c.py", b"x = 1\0\n")
    write(ready, "mixed/__init__.py", b"")
    finished = await ready.cli("eval", "mixed", "--holes", "4", "--json")
    assert finished.code == 0
    assert "b.py is not UTF-8" in finished.stderr
    assert "c.py is a binary file" in finished.stderr
    assert "__init__" not in finished.stderr
    assert json.loads(finished.stdout)["n"] == 4


@pytest.mark.parametrize(
    ("name", "content", "about"),
    [
        ("bad/latin.py", "é = 1\n".encode("latin-1"), "UTF-8"),
        ("bad/binary.py", b"\0\1", "binary"),
        ("bad/empty.py", b"", "no code"),
        ("bad/what.ever", b"x", "no language"),
        ("bad/comment.py", b"# nothing\n", "no code"),
    ],
)
async def test_a_named_file_that_cannot_be_used_is_refused(ready, name, content, about):
    path = write(ready, name, content)
    assert_one_clear_error(await ready.cli("eval", str(path), "--json"), 2, about)


@pytest.mark.parametrize(
    ("arguments", "about"),
    [
        ((), "Name files"),
        (("src", "--cases", "cases.jsonl"), "one of them"),
        (("missing.py",), "missing.py"),
        (("--cases", "missing.jsonl"), "missing.jsonl"),
        (("--cases", "cases.jsonl", "--out", "cases.jsonl"), "overwritten"),
        (("--cases", "cases.jsonl", "--out", "../project/cases.jsonl"), "overwritten"),
        (("--cases", "cases.jsonl", "--out", "no/such/folder"), "cannot be written"),
    ],
)
async def test_wrong_usage(ready, arguments, about):
    cases(ready)
    assert_one_clear_error(await ready.cli("eval", *arguments), 2, about)
    assert len(lines(ready.project / "cases.jsonl")) == 3


@pytest.mark.parametrize("number", ["0", "-1", "many"])
async def test_a_number_of_holes_that_is_none(ready, number):
    finished = await ready.cli("eval", "src", f"--holes={number}")
    assert finished.code == 2
    assert "--holes: must be a number from 1 on" in finished.stderr


async def test_a_bad_line_is_named(ready):
    path = write(ready, "bad.jsonl", json.dumps(CASES[0]) + "\n{\n")
    assert_one_clear_error(await ready.cli("eval", "--cases", str(path)), 2, "bad.jsonl, line 2")


async def test_a_model_that_does_not_load_fails_with_its_reason(world):
    choose(world, world.fake(load_error="The file is damaged."))
    finished = await world.cli("eval", "--cases", str(cases(world)), "--json")
    assert_one_clear_error(finished, 1, "The file is damaged.")


async def test_an_interrupt_keeps_what_is_done(world):
    choose(world, world.fake(default="word " * 40, token_ms=5))
    many = [{**CASES[0], "id": str(number)} for number in range(1000)]
    out = world.project / "out.jsonl"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "slm_lsp", "eval", "--cases", str(cases(world, many))),
        *("--out", str(out), "--json"),
        env=world.env,
        cwd=world.project,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE * 2):
        while not out.exists() or out.read_bytes().count(b"\n") < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        process.send_signal(signal.SIGINT)
        stdout, stderr = await process.communicate()
    assert (process.returncode, stdout, stderr) == (130, b"", b"")
    rows = lines(out)
    assert [row["id"] for row in rows] == [str(number) for number in range(len(rows))]
    assert 3 <= len(rows) < 1000


async def test_a_file_name_that_is_no_text(ready):
    write(ready, "na\udcffme.py", SOURCE)
    finished = await ready.cli("eval", "na\udcffme.py", "--holes", "1", "--out", "out.jsonl")
    assert finished.code == 0, finished.stderr
    assert "na\ufffdme.py" in lines(ready.project / "out.jsonl")[0]["id"]


async def test_links_in_a_circle_are_no_file(ready):
    (ready.project / "circle.py").symlink_to("circle.py")
    assert_one_clear_error(await ready.cli("eval", "circle.py"), 2, "circle.py")


async def test_a_path_that_no_system_takes_fails_in_one_line(ready):
    assert_one_clear_error(await ready.cli("eval", "a" * 300), 1, "File name too long")
