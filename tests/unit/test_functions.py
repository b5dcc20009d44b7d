"""The function at a place: its parts, its parameters, and whether it is still to be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slm_lsp.syntax.functions import Function, function_at, is_placeholder
from tests.unit.marked import marked

if TYPE_CHECKING:
    from slm_lsp.text.document import Document


def found(language: str, source: str) -> tuple[Document, Function | None]:
    document, syntax, cursor = marked(source, language)
    assert syntax is not None
    return document, function_at(syntax, cursor)


@pytest.mark.parametrize(
    ("language", "source", "name", "parameters", "documented", "placeholder"),
    [
        (
            "python",
            (
                "class A:\n    @x\n    async def f(self, a, b: int = 1, *args, c=2, **kw) -> int:\n"
                "        '''Doc.'''\n        |pass\n"
            ),
            "f",
            ("a", "b", "args", "c", "kw"),
            True,
            True,
        ),
        ("python", "def f(a):\n    pass|", "f", ("a",), False, True),
        ("python", "def f(a, *, b): |...\n", "f", ("a", "b"), False, True),
        ("python", "def f():|\n    raise NotImplementedError('x')\n", "f", (), False, True),
        ("python", "def f():|\n    raise ValueError('x')\n", "f", (), False, False),
        ("python", "def f():\n    def g():\n        p|ass\n    return g\n", "g", (), False, True),
        (
            "javascript",
            "|export function f(a, b = 1, ...c) {}\n",
            "f",
            ("a", "b", "c"),
            False,
            True,
        ),
        (
            "javascript",
            "const f = (a, b) => {|\n  throw new Error('not implemented');\n};\n",
            "",
            ("a", "b"),
            False,
            True,
        ),
        (
            "typescript",
            "class A {\n  m(a: number, b?: string): void {|\n  }\n}\n",
            "m",
            ("a", "b"),
            False,
            True,
        ),
        (
            "go",
            "// F does.\nfunc (s *T) F(a, b int, c string) error {|\n\treturn nil\n}\n",
            "F",
            ("a", "b", "c"),
            True,
            False,
        ),
        (
            "rust",
            "fn f(&self, a: &str, mut b: u8) -> u8 {\n    tod|o!()\n}\n",
            "f",
            ("a", "b"),
            False,
            True,
        ),
        (
            "java",
            "class A {\n  /** x */\n  int f(int a, String b) {|\n    return 1;\n  }\n}\n",
            "f",
            ("a", "b"),
            True,
            False,
        ),
        ("cpp", "int f(int a, const char *b) {|\n}\n", "f", ("a", "b"), False, True),
        (
            "csharp",
            "class A {\n  int F(int a) {|\n    throw new NotImplementedException();\n  }\n}\n",
            "F",
            ("a",),
            False,
            True,
        ),
        ("php", "<?php\nfunction f($a) {|\n}\n", "f", ("a",), False, True),
    ],
)
def test_its_parts(language, source, name, parameters, documented, placeholder):
    document, function = found(language, source)
    assert function is not None
    assert (function.name, function.parameters) == (name, parameters)
    assert function.documented == documented
    assert is_placeholder(document, function) == placeholder
    assert document.text_in(function.whole).startswith(document.text_in(function.header))


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("python", "x = |1\n\ndef f():\n    pass\n"),
        ("python", "def f(a:|\n    pass\n"),
        ("typescript", "interface A {\n  m(a: number): void;|\n}\n"),
        ("json", '{"a": |1}\n'),
    ],
)
def test_where_there_is_none(language, source):
    assert found(language, source)[1] is None
