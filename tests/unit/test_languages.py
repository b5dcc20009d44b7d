from __future__ import annotations

import pytest

from slm_lsp.syntax.languages import (
    LANGUAGES,
    Language,
    called,
    find,
    grammar,
    language_of,
    query,
)

PARSED = [row for row in LANGUAGES if row.grammar]


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a.py", "python"),
        ("/x/y.d/stub.pyi", "python"),
        ("a.js", "javascript"),
        ("a.jsx", "javascriptreact"),
        ("a.ts", "typescript"),
        ("a.tsx", "typescriptreact"),
        ("a.go", "go"),
        ("a.rs", "rust"),
        ("A.java", "java"),
        ("a.c", "c"),
        ("a.h", "c"),
        ("a.hpp", "cpp"),
        ("A.PY", "python"),
        ("a.sh", "shellscript"),
        ("a.cs", "csharp"),
        ("a.md", "markdown"),
        ("src/Dockerfile", "dockerfile"),
        ("Makefile", "makefile"),
        ("a.unknown", "plaintext"),
        ("noextension", "plaintext"),
        ("", "plaintext"),
    ],
)
def test_a_name_tells_the_language(path, language):
    assert language_of(path) == language


def test_no_name_and_no_id_is_claimed_twice():
    ids = [row.id for row in LANGUAGES]
    files = [name for row in LANGUAGES for name in row.files]
    assert len(set(ids)) == len(ids)
    assert len(set(files)) == len(files)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("sh", "shellscript"), ("bash", "shellscript"), ("cs", "csharp"), ("c++", "cpp"), ("c", "c")],
)
def test_editors_have_ids_of_their_own(said, meant):
    assert find(said) is find(meant)
    assert grammar(find(said)) is not None


def test_an_unknown_language_has_a_row_that_claims_nothing():
    row = find("brainfuck")
    assert row == Language("brainfuck", ())
    assert grammar(row) is None


@pytest.mark.parametrize("row", PARSED, ids=lambda row: row.id)
def test_a_language_with_a_grammar_has_its_queries(row):
    made = query(row)
    assert made is not None
    names = {made.capture_name(number) for number in range(made.capture_count)}
    kinds = {
        "string",
        "comment",
        "code",
        "function",
        "class",
        "block",
        "import",
        "require",
        "embedded",
    }
    assert {name.partition(".")[0] for name in names} <= kinds


@pytest.mark.parametrize(("name", "language"), [("py", "python"), ("C++", "cpp"), ("x", "")])
def test_a_fence_names_a_language(name, language):
    assert called(name) == language


@pytest.mark.parametrize("name", ["no_such_module:language", "tree_sitter_python:no_such_name"])
def test_a_grammar_that_does_not_load_leaves_text(name):
    assert grammar(Language("broken", (), grammar=name)) is None


@pytest.mark.parametrize(
    ("compound", "row"),
    [
        ("python.django", "python"),
        ("yaml.ansible", "yaml"),
        ("yaml.docker-compose", "yaml"),
        ("typescript.tsx", "typescriptreact"),
        ("javascript.jsx", "javascriptreact"),
        ("html.handlebars", "html"),
        ("c.doxygen", "c"),
        ("sh.bats", "shellscript"),
    ],
)
def test_of_a_compound_id_the_last_known_part_counts(compound, row):
    assert find(compound).id == row
