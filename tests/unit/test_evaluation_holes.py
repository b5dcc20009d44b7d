"""Holes in files: all kinds, in all languages, always the same ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.errors import UsageError
from slm_lsp.evaluation.files import check_source, source_files
from slm_lsp.evaluation.holes import KINDS, MAX_LINES, punch
from slm_lsp.syntax.holes import pieces, sound
from slm_lsp.syntax.syntax import Syntax, parse
from tests.unit.marked import document, texts

if TYPE_CHECKING:
    from slm_lsp.text.document import Document

PYTHON = """import os

# a comment that is long enough
def f(a, b):
    \"\"\"Say what it does.\"\"\"
    total = add(a, b * 2)
    if total > 3:
        print("much", total)
        return os.name
    return total


class C(Base):
    def g(self):
        return self.h(12)
"""

BRACES = {
    "javascript": "function f(a, b) {\n  const total = add(a, b);\n  return total;\n}\n",
    "typescript": "function f(a: number) {\n  const total = add(a, b);\n  return total;\n}\n",
    "go": "package p\n\nfunc f(a int) int {\n\ttotal := add(a, b)\n\treturn total\n}\n",
    "rust": "fn f(a: u8) -> u8 {\n    let total = add(a, b);\n    return total;\n}\n",
    "java": "class C {\n  int f(int a) {\n    int t = add(a, b);\n    return t;\n  }\n}\n",
    "c": "int f(int a) {\n    int total = add(a, b);\n    return total;\n}\n",
    "cpp": "int f(int a) {\n    int total = add(a, b);\n    return total;\n}\n",
}


def found(text: str, language: str) -> list[tuple[str, str]]:
    made = document(text, language)
    syntax = parse(made)
    assert isinstance(syntax, Syntax)
    lines = text.split("\n")
    return [
        (
            piece,
            lines[span.start.line][span.start.column : span.end.column]
            if span.start.line == span.end.line
            else "\n".join(
                [
                    lines[span.start.line][span.start.column :],
                    *lines[span.start.line + 1 : span.end.line],
                    lines[span.end.line][: span.end.column],
                ]
            ),
        )
        for piece, span in pieces(syntax)
    ]


def test_the_pieces_of_python():
    got = found(PYTHON, "python")
    assert ("statement", "return total") in got
    assert ("block", 'print("much", total)\n        return os.name') in got
    assert ("arguments", "a, b * 2") in got
    assert ("arguments", "Base") not in got
    assert not any(piece == "statement" and text.startswith("def") for piece, text in got)


@pytest.mark.parametrize("language", BRACES)
def test_the_pieces_of_languages_with_braces(language):
    got = found(BRACES[language], language)
    assert ("arguments", "a, b") in got
    [block] = [text for piece, text in got if piece == "block" and "add" in text]
    assert block.splitlines()[-1].strip().startswith("return ")
    statements = [text for piece, text in got if piece == "statement"]
    assert len(statements) == 2
    assert statements[1].startswith("return ")


@pytest.mark.parametrize(
    "call", ["add($a, $b)", "$this->add($a, $b)", "C::add($a, $b)", "$x?->add($a, $b)"]
)
def test_the_arguments_of_all_calls_of_php(call):
    assert ("arguments", "$a, $b") in found(f"<?php\n$t = {call};\n", "php")


def test_broken_code_has_no_pieces_where_it_is_broken():
    assert ("arguments", "1") in found("def f():\n    g(1)\n", "python")
    assert found("def f():\n    g(1 +)\n", "python") == []


@pytest.mark.parametrize(
    ("text", "language", "answer"),
    [("x = 1\n", "python", True), ("x = (\n", "python", False), ("x = (\n", "perl", None)],
)
def test_sound(text, language, answer):
    assert sound(document(text, language)) is answer


def punched(text: str, language: str, count: int = 60, seed: int = 0):
    made = document(text, language, path="a.x")
    return punch([Path("a.x")], lambda _: made, count, seed)


@pytest.mark.parametrize("language", ["python", "ruby"])
@given(text=texts("x = 1", "(", '"', "#", "word", "    "), seed=st.integers(0, 9))
def test_prefix_hole_and_suffix_are_the_text(language, text, seed):
    for case in punched(text, language, 12, seed):
        assert case.prefix + case.expected + case.suffix == text
        assert len(case.expected.strip()) >= 2
        assert case.expected.count("\n") < MAX_LINES
        assert case.hole in KINDS


def test_all_kinds_in_turn_and_none_twice():
    cases = punched(PYTHON, "python", 18)
    assert Counter(case.hole for case in cases) == dict.fromkeys(KINDS, 3)
    assert len({case.id for case in cases}) == 18
    assert cases[0].id.startswith("a.x:")


def test_a_kind_that_is_exhausted_leaves_its_turns_to_the_others():
    cases = punched("value = 12345\nother = 67890\n", "python", 10)
    assert Counter(case.hole for case in cases)["line"] == 2
    assert len(cases) > 6


def test_comments_and_docstrings_are_left_alone():
    cases = punched(PYTHON, "python", 1000)
    lines = [case for case in cases if case.hole in ("line", "line-rest", "span")]
    assert lines
    for case in lines:
        assert not case.prefix.endswith(("\n", "# ")) or not case.expected.startswith("#")
        assert "# a" not in case.prefix.rpartition("\n")[2]


def test_no_hole_ends_inside_a_word():
    for case in punched(PYTHON, "python", 1000):
        if case.expected[-1].isalnum():
            assert not case.suffix[:1].isalnum()


def test_the_same_seed_makes_the_same_holes_and_another_does_not():
    assert punched(PYTHON, "python", 12, 1) == punched(PYTHON, "python", 12, 1)
    assert punched(PYTHON, "python", 12, 1) != punched(PYTHON, "python", 12, 2)


def test_no_file_is_read_twice_and_none_that_is_not_needed():
    read: Counter[Path] = Counter()

    def load(path: Path) -> Document | None:
        read[path] += 1
        return document(PYTHON) if path.name != "0" else None

    cases = punch([Path(str(number)) for number in range(100)], load, 12, 0)
    assert len(cases) == 12
    assert max(read.values()) == 1
    assert len(read) < 15


def test_nothing_to_punch():
    assert punched("", "python") == []
    assert punch([], lambda _: None, 5, 0) == []


def test_which_files_are_taken(tmp_path: Path):
    for name in ("b.py", "a.go", "x.json", "node_modules/c.js", ".git/d.py", "e.unknown", "v/f.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n")
    (tmp_path / "v" / "pyvenv.cfg").touch()
    (tmp_path / "big.py").write_text("x = 1\n" * 200_000)
    assert [path.name for path in source_files([tmp_path])] == ["a.go", "b.py"]
    named = [tmp_path / "x.json", tmp_path]
    assert [path.name for path in source_files(named)] == ["a.go", "b.py", "x.json"]
    for wrong in ("e.unknown", "missing.py", ".git/hooks"):
        with pytest.raises(UsageError, match=wrong):
            source_files([tmp_path / wrong])
    (tmp_path / "nothing").mkdir()
    with pytest.raises(UsageError, match="No source files"):
        source_files([tmp_path / "nothing"])


@pytest.mark.parametrize("text", ["a\0b\n", "x" * 1001])
def test_what_is_no_source(text):
    with pytest.raises(UsageError, match=r"a\.py"):
        check_source(Path("a.py"), document(text))
    for good in ("x = 1\n", ""):
        check_source(Path("a.py"), document(good))
