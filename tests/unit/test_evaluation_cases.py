"""Cases in a file: read, written, refused with the line that is wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from slm_lsp.errors import UsageError
from slm_lsp.evaluation.cases import (
    GIVEN,
    Case,
    as_lines,
    read_cases,
)
from tests.unit.marked import texts

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {"id": "a", "language": "python", "prefix": "x = ", "suffix": "\n", "expected": "1"}


@given(texts(), texts())
def test_the_cursor_is_where_the_prefix_ends(prefix, suffix):
    if prefix.endswith("\r") and suffix.startswith("\n"):
        return  # the two are one line end, so there is no such place
    case = Case("a", "python", prefix, suffix, "x")
    document, cursor = case.document(), case.cursor
    before = "".join(document.lines.slice(0, cursor.line)) + document.before(cursor)
    assert before == prefix
    assert case.document("é").lines.text() == prefix + "é" + suffix


def test_written_cases_are_read_again(tmp_path: Path):
    cases = [
        Case("a", "go", "x\r\n\t", "\n", "é\u2028"),
        Case("b", "c", "", "", "1", "line", "b.c"),
    ]
    (tmp_path / "c").write_bytes(b"".join(as_lines(cases)))
    assert read_cases(tmp_path / "c") == cases


def test_what_is_optional(tmp_path: Path):
    (tmp_path / "c").write_text("\n" + json.dumps({**GOOD, "origin": "x"}) + "\r\n\n")
    assert read_cases(tmp_path / "c") == [Case("a", "python", "x = ", "\n", "1", GIVEN, "")]


@pytest.mark.parametrize(
    ("line", "about"),
    [
        (b"{", "not a case"),
        (b'"text"', "not a case"),
        (b"\xff\xfe", "not a case"),
        (json.dumps({**GOOD, "id": 1}).encode(), "id"),
        (json.dumps({name: GOOD[name] for name in list(GOOD)[:-1]}).encode(), "expected"),
        (b'{"id":"\xff","language":"c","prefix":"","suffix":"","expected":"x"}', "not a case"),
        (json.dumps({**GOOD, "language": "klingon"}).encode(), "'klingon' is not known"),
        (json.dumps({**GOOD, "expected": " \n"}).encode(), "no text"),
        (json.dumps({**GOOD, "id": "0"}).encode(), "'0' before it"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: bytes, about: str):
    path = tmp_path / "cases.jsonl"
    path.write_bytes(json.dumps({**GOOD, "id": "0"}).encode() + b"\n\n" + line + b"\n")
    with pytest.raises(UsageError, match=f"cases.jsonl, line 3: .*{about}"):
        read_cases(path)


def test_no_cases_and_no_file(tmp_path: Path):
    (tmp_path / "empty").write_text("\n \n")
    for name in ("empty", "missing", "."):
        with pytest.raises(UsageError):
            read_cases(tmp_path / name)
