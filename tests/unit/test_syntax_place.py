"""What a cursor stands in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.syntax.syntax import (
    Scope,
    inside,
    parse,
    scopes,
)
from slm_lsp.text.document import Cursor, Span
from tests.unit.marked import cursors, document, marked, texts


@pytest.mark.parametrize(
    ("language", "text", "kind"),
    [
        ("python", 'x = |"ab"', "code"),
        ("python", 'x = "|ab"', "string"),
        ("python", 'x = "ab|"', "string"),
        ("python", 'x = "ab"|', "code"),
        ("python", 'x = ""|', "code"),
        ("python", 'x = "|"', "string"),
        ("python", 'x = "ab|', "string"),
        ("python", 'x = "a\\"b|', "string"),
        ("python", "x = \"it's|", "string"),
        ("python", 'f("a", "é|\ny = 1\n', "string"),
        ("python", 'x = f"{a|}"', "code"),
        ("python", 'x = f"{a}|"', "string"),
        ("python", '"""|"""', "string"),
        ("python", 'def f():\n    |"""Doc."""\n', "code"),
        ("python", 'def f():\n    """Doc.\n|\n    More."""\n', "string"),
        ("python", 'def f():\n    """Doc.\n    More."""|\n', "code"),
        ("python", 'x = """|', "string"),
        ("python", "|# a", "code"),
        ("python", "#| a", "comment"),
        ("python", "x = 1  # a|\ny = 2\n", "comment"),
        ("python", "# a\n|", "code"),
        ("python", "x = '#'|", "code"),
        ("python", "x = ('#'|", "code"),
        ("python", "", "code"),
        ("javascript", "let a = `b ${c|} d`;", "code"),
        ("javascript", "let a = `b ${c} |d`;", "string"),
        ("javascript", 'let a = "b|\nlet c = 1;\n', "string"),
        ("javascript", "/* a */| b()", "code"),
        ("javascript", "/* a *|/ b()", "comment"),
        ("javascript", "f(); // a|", "comment"),
        ("typescript", "const a: string = 'b|';", "string"),
        ("typescriptreact", "const a = <p title='|'>b</p>;", "string"),
        ("go", 'package m\nfunc f() {\n\tx := "a|\n}\n', "string"),
        ("go", "package m\nvar x = `a\n|b`\n", "string"),
        ("go", "package m\nvar x = 'a|'\n", "string"),
        ("rust", "/// Doc|\nfn f() {}\n", "comment"),
        ("rust", "/// Doc\n|fn f() {}\n", "code"),
        ("rust", "fn f<'a|>(x: &'a str) {", "code"),
        ("rust", 'fn f() { g("a|\n}\n', "string"),
        ("java", 'class A { String s = "a|;\n}\n', "string"),
        ("java", "class A { /* a|\n}\n", "comment"),
        ("c", "#include <std|io.h>\n", "string"),
        ("c", "char c = '|a';\n", "string"),
        ("cpp", 'auto s = R"(a|)";\n', "string"),
        ("cpp", "int x; // a|\nint y;\n", "comment"),
    ],
)
def test_what_text_typed_at_the_cursor_becomes_part_of(language, text, kind):
    _, syntax, cursor = marked(text if "|" in text else text + "|", language)
    assert inside(syntax, cursor) == kind


@given(st.data(), st.sampled_from(["python", "javascript", "go", "rust", "java", "c", "cpp"]))
def test_every_place_in_any_text_has_an_answer(data, language):
    made = document(data.draw(texts('"', "'", "`", "#", "//", "/*", "{", ":", "def f(")), language)
    syntax = parse(made)
    cursor = data.draw(cursors(made))
    assert inside(syntax, cursor) in ("code", "string", "comment")
    for scope in scopes(syntax, cursor):
        assert scope.header.start <= scope.header.end


def test_without_syntax_everything_is_code_and_nothing_encloses():
    assert inside(None, Cursor(0, 0)) == "code"
    assert scopes(None, Cursor(0, 0)) == ()


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        ("python", "class A:\n    def f(self):\n        |x\n", ["A", "f"]),
        ("python", "class A:\n    def f(self):\n        x\n        |", ["A", "f"]),
        ("python", "class A:\n    def f(self):\n        x\n\n    |\n", ["A"]),
        ("python", "class A:\n    def f(self):\n        x\n\n|\n", []),
        ("python", "class A:\n    def f(self):\n\n|\n        x\n", ["A", "f"]),
        ("python", "class A:\n    def f(self):\n        |\n", ["A", "f"]),
        ("python", "class A:\n    def |f(self):\n        x\n", ["A"]),
        ("python", "def f(a,\n      |b):\n    x\n", []),
        ("python", "def f():\n    x = g(|\n\ndef h():\n    y\n", ["f"]),
        (
            "javascript",
            "class A {\n  f() {\n    const g = () => {\n      |\n    };\n  }\n}\n",
            ["A", "f", ""],
        ),
        ("javascript", "function f() {\n  |\n", ["f"]),
        ("javascript", "function f() {\n}\n|", []),
        ("typescript", "namespace N {\n  interface I {\n    |\n  }\n}\n", ["N", "I"]),
        ("go", "package m\nfunc (a *A) f() {\n\t|\n}\n", ["f"]),
        (
            "rust",
            "mod m {\n    impl<T> A<T> {\n        fn f() { | }\n    }\n}\n",
            ["m", "A<T>", "f"],
        ),
        ("java", "class A {\n  void f() { | }\n}\n", ["A", "f"]),
        ("c", "static int *f(int a) {\n    |\n}\n", ["f"]),
        ("cpp", "namespace n {\nclass A {\n  void f() { | }\n};\n}\n", ["n", "A", "f"]),
    ],
)
def test_functions_and_classes_around_the_cursor(language, text, names):
    _, syntax, cursor = marked(text, language)
    assert [scope.name for scope in scopes(syntax, cursor)] == names


def test_a_header_is_the_signature_without_decorators():
    _, syntax, cursor = marked(
        "class A:\n    @cached\n    @other(1)\n    async def f(\n        self,\n"
        "    ) -> int:\n        |x\n"
    )
    assert scopes(syntax, cursor) == (
        Scope("A", "class", Span(Cursor(0, 0), Cursor(0, 8))),
        Scope("f", "function", Span(Cursor(3, 4), Cursor(5, 13))),
    )
