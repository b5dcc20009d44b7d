"""Whether a completion leaves sound code sound."""

from __future__ import annotations

import pytest

from slm_lsp.syntax.soundness import parses_little
from slm_lsp.syntax.syntax import errors_added
from slm_lsp.text.document import Completion, Cursor, Span
from tests.unit.marked import marked

LONG = "".join(f"def f{n}(a, b):\n    return [a, b, {{{n}: a}}]\n\n\n" for n in range(1500))


def added(language: str, text: str, inserted: str, *, budget_ms: float | None = None) -> int:
    made, syntax, cursor = marked(text, language)
    return errors_added(made, syntax, Completion(inserted, Span.at(cursor), 1.0), budget_ms)


@pytest.mark.parametrize(
    ("language", "text", "inserted"),
    [
        ("python", "def f():\n    |\n", "return 1"),
        ("python", "def f():\n    x = foo(|\n", "a)"),
        ("python", "def f():\n    x = foo(|\n", "a"),
        ("python", "def f():\n    x = foo(|)\n", "a, b"),
        ("python", "if |", "x:"),
        ("python", "x = (\n\n\ndef f():\n    |\n", "return 1"),
        ("javascript", "function f() {\n  return a.|\n}\n", "b(c);"),
        ("javascript", "function f() {|}\n", "\n  return 1;\n"),
        ("go", "package m\nfunc f() {\n\t|\n}\n", "if x {\n\t\treturn\n\t}"),
        ("rust", "fn f() {\n    |\n}\n", "let x = 'a';"),
        ("java", "class A {\n  |\n}\n", "int f() { return 1; }"),
        ("cpp", "int f() {\n  |\n}\n", "return 1;"),
        ("ruby", "def f\n  |\n", "g(1)"),
    ],
)
def test_sound_completions_add_none(language, text, inserted):
    assert added(language, text, inserted) == 0


@pytest.mark.parametrize(
    ("language", "text", "inserted"),
    [
        ("python", "def f():\n    |\n", "return (1"),
        ("python", "def f():\n    x = foo(|)\n", "a)"),
        ("python", "|\ndef f(): pass\n", '"""'),
        ("python", "def f():\n    |\n", "x = = 1"),
        ("javascript", "function f() {\n  |\n}\nfunction g() {}\n", "if (x) {\n    g();"),
        ("go", "package m\nfunc f() {\n\t|\n}\n", "if x {"),
        ("go", "package m\nfunc f() {\n\t|\n}\n", "}"),
        ("rust", "fn f() {\n    |\n}\n", "let x = ;"),
        ("java", "class A {\n  |\n}\n", "int f() { return 1;"),
        ("cpp", "int f() {\n  |\n}\n", "return (1;"),
        ("ruby", "def f\n  |\n", "((("),  # its own error does not make up for another one
        ("python", "while |:\n    pass\n", "foo(y"),
    ],
)
def test_unsound_completions_are_noticed(language, text, inserted):
    assert added(language, text, inserted) > 0


@pytest.mark.parametrize(
    ("inserted", "sound"),
    [("c = g(a, b)", True), ("c = g(a, b", False), ('"""', False), ("if a:\n        b()", True)],
)
def test_in_a_long_file_the_surroundings_decide(inserted, sound):
    at = LONG.index("def f700") + len("def f700(a, b):\n    ")
    text = LONG[:at] + "|\n    " + LONG[at:]
    assert (added("python", text, inserted) == 0) is sound
    broken_elsewhere = "x = (\n" + text + "y = ]\n"
    assert (added("python", broken_elsewhere, inserted) == 0) is sound


@pytest.mark.parametrize(
    ("text", "little"),
    [("x = 1\n" * 500, True), (LONG, False), ("x = [" + "1, " * 50_000 + "]", False)],
)
def test_what_is_long_in_lines_or_in_bytes_is_no_work_for_the_event_loop(text, little):
    made, syntax, _ = marked("|" + text)
    assert parses_little(made, syntax) is little


def test_a_declaration_of_any_length_is_looked_at_whole():
    body = "".join(f"    x{n} = [{n}]\n" for n in range(1200))
    assert added("python", f"def f():\n{body}    |\n{body}", "y = (1, 2)") == 0
    assert added("python", f"def f():\n{body}    |\n{body}", "y = (1, 2") > 0


def test_a_replaced_rest_of_the_line_counts_as_replaced():
    made, syntax, cursor = marked("f(a|))\n")
    rest = Span(cursor, Cursor(0, 5))
    assert errors_added(made, syntax, Completion(", b)", rest, 1.0)) == 0
    made, syntax, cursor = marked("f(a|)\n")
    rest = Span(cursor, Cursor(0, 4))
    assert errors_added(made, syntax, Completion(", b", rest, 1.0)) > 0


def test_a_parse_over_its_budget_counts_as_an_error():
    assert added("python", "|\n" + LONG, '"""', budget_ms=0) > 0
