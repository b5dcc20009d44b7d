"""What fine-tuning leaves out, and how a repository is divided; none of it needs PyTorch."""

from __future__ import annotations

from pathlib import Path

import pytest

from slm_lsp.errors import TuneRefused
from slm_lsp.evaluation.cases import Case
from slm_lsp.text.document import Document
from slm_lsp.training.data import filters
from slm_lsp.training.data.filters import is_permissive
from slm_lsp.training.data.overlap import MARKS, Evaluated, Seen, runs
from slm_lsp.training.data.repository import Repository
from tools.licences import licence_of

ENGINE = Path(filters.__file__).parents[2] / "inference" / "llama"
TEXT = (ENGINE / "kv.py").read_text("utf-8")
OTHER = (ENGINE.parent / "prompts" / "healing.py").read_text("utf-8")


@pytest.mark.parametrize(
    ("expression", "permissive"),
    [
        ("MIT", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("(MIT OR Apache-2.0) AND BSD-3-Clause", True),
        ("(MIT OR GPL-2.0-only) AND ISC", False),
        ("LGPL-2.1", False),
        ("UNLICENSED", False),
        ("", False),
    ],
)
def test_licences(expression: str, permissive: bool):
    assert is_permissive(expression) is permissive


@pytest.mark.parametrize(
    ("path", "text", "licence"),
    [
        ("a.dist-info/METADATA", "License-Expression: MIT OR Apache-2.0\n", "MIT OR Apache-2.0"),
        ("PKG-INFO", "Classifier: License :: OSI Approved :: BSD License\n", "BSD-3-Clause"),
        ("PKG-INFO", "Name: a\nLicense: Apache 2.0\n", "Apache-2.0"),
        ("PKG-INFO", "Name: a\n", ""),
        ("package.json", '{"license": "ISC"}', "ISC"),
        ("package.json", '{"licenses": [{"type": "MIT"}]}', ""),
        ("usr/share/doc/a/copyright", "Files: *\nCopyright: x\nLicense: Expat\n Text\n", "MIT"),
        ("usr/share/doc/a/copyright", "Files: *\nLicense: MIT or ISC\n", "MIT OR ISC"),
        ("usr/share/doc/a/copyright", "This is GPL.\n", ""),
    ],
)
def test_what_packages_say_of_their_licence(path: str, text: str, licence: str):
    assert licence_of({path: text, "deep/er/package.json": '{"license": "X"}'}) == licence


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("a.py", TEXT, ""),
        ("a.py", "x = 1\n", "short"),
        ("a.py", TEXT * 30, "long"),
        ("a.py", "# This file is auto-generated.\n" + TEXT, "generated"),
        ("a.min.js", TEXT, "generated"),
        ("a.py", TEXT + "#" * 1500, "minified"),
        ("a.py", "[" + "12, 4, 0x9,\n" * 100 + "]", "data"),
        ("a.py", "# GNU General Public License\n" + TEXT, "licence"),
        (".env", TEXT, "secret"),
        ("a.py", TEXT + "TOKEN = 'ghp_" + "a1B2" * 9 + "'\n", "secret"),
    ],
)
def test_files_left_out(path: str, text: str, reason: str):
    assert filters.against(path, text) == reason


def test_ones_own_code_needs_no_licence():
    assert filters.against("a.py", "# GNU General Public License\n" + TEXT, own=True) == ""


def test_near_duplicates():
    seen = Seen()
    assert not seen.repeats(TEXT)
    assert not seen.repeats(OTHER)
    assert seen.repeats(TEXT)
    assert seen.repeats(TEXT.replace("position", "place"))
    assert seen.repeats(TEXT.replace("    ", "\t") + "\n# one more line\n")
    assert not seen.repeats("short")


def test_a_text_shorter_than_a_run_is_one_run():
    assert len(runs("a b", 5)) == 1
    assert runs("a b", 5) != runs("b a", 5)
    assert len(runs("", 5)) == 1


def test_what_is_asked_about_is_left_out():
    lines = TEXT.splitlines(keepends=True)
    prefix, middle, suffix = "".join(lines[:40]), lines[40], "".join(lines[41:])
    evaluated = Evaluated([Case("1", "python", prefix, suffix, middle)])
    assert evaluated.is_in("".join(lines[35:46]))
    assert evaluated.is_in("x = 1\n" + "".join(lines[36:45]).replace("    ", "  "))
    assert not evaluated.is_in("".join(lines[60:]))
    assert not evaluated.is_in(OTHER)


def test_known_exercises_are_left_out():
    assert Evaluated([]).is_in(f"def {MARKS[0]}(): ...\ndef {MARKS[1]}(): ...\n")
    assert not Evaluated([]).is_in(f"def {MARKS[3]}(): ...\n")


def sources(count: int, more: str = "") -> dict[Path, str]:
    """Return files that share little: each has the words of one in a spelling of its own."""

    def text(at: int) -> str:
        words = [f"{word}_{at}" for word in TEXT.split()]
        lines = [" ".join(words[first : first + 9]) for first in range(0, len(words), 9)]
        return more + "\n".join(lines)

    return {Path(f"{at}.py"): text(at) for at in range(count)}


def divided(files: dict[Path, str], seed: int = 0) -> Repository:
    def load(path: Path) -> Document:
        return Document.of(files[path], uri="", language="python", path=str(path))

    return Repository.of(list(files), load, seed)


def test_a_repository_has_three_parts():
    files = sources(30)
    found = divided(files)
    parts = [*found.learned, *found.held_out, *found.judged]
    assert sorted(parts) == sorted(files)
    assert 2 <= len(found.held_out) <= 4
    assert 2 <= len(found.judged) <= 4
    assert divided(files) == found
    assert divided(files, seed=1).judged != found.judged


def test_duplicates_and_secrets_are_left_out_and_counted():
    files = sources(30)
    files[Path("again.py")] = files[Path("3.py")]
    files[Path("key.py")] = "TOKEN = 'ghp_" + "a1B2" * 9 + "'\n" + files[Path("4.py")].upper()
    found = divided(files)
    assert found.left_out == {"duplicate": 1, "secret": 1}


def test_too_little_is_refused():
    with pytest.raises(TuneRefused, match=r"3 files .* Name more folders"):
        divided(sources(3))


def test_a_repository_full_of_secrets_is_refused():
    with pytest.raises(TuneRefused, match="30 of 30 files seem to hold passwords"):
        divided(sources(30, "TOKEN = 'ghp_" + "a1B2" * 9 + "'\n"))


def test_what_only_stands_near_a_hole_is_no_reason():
    head = "".join(f"# word{at} of the head of a licence that all files have\n" for at in range(6))
    body = "".join(f"name_{at} = call_{at}(argument_{at})\n" for at in range(12))
    evaluated = Evaluated([Case("1", "python", head, body, "import first_of_all\n")])
    assert not evaluated.is_in(head + OTHER)
    assert evaluated.is_in(head + "import first_of_all\n" + body)
