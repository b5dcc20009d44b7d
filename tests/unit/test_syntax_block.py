"""Where the body of a block is to be written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.syntax.syntax import (
    Block,
    may_open_block,
    opens_block,
    parse,
)
from tests.unit.marked import cursors, document, marked, texts


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("python", "def f():|", Block("    ", False)),
        ("python", "def f():\n    |", Block("    ", False)),
        ("python", "def f():\n|", Block("    ", False)),
        ("python", "def f():\n  |", Block("  ", False)),
        ("python", "if x:  # why: because|\n", Block("    ", False)),
        ("python", "try:\n    |\nexcept A:\n    pass\n", Block("    ", False)),
        (
            "python",
            "class A:\n  def f(\n      self):\n    |\n\n  def g(self): pass\n",
            Block("    ", False),
        ),
        (
            "python",
            "class A:\n  def f(\n      self):|\n\n  def g(self): pass\n",
            Block("    ", False),
        ),
        ("python", "class A:\n\tx = 1\n\tdef f(self):|\n", Block("\t\t", False)),
        ("python", "x = foo(\nfor a in b:|\n", Block("    ", False)),
        ("python", "match x:\n    case 1:\n        |", Block("        ", False)),
        ("python", "def f():\n    |\n    return 1\n", None),
        ("python", "def f():\n    x = 1\n    |", None),
        ("python", "x = {1:|}", None),
        ("python", "x = {\n    1:|\n}\n", None),
        ("python", "y = x[1:|\n", None),
        ("python", "f = lambda x:|", None),
        ("python", "x = '''if x:|\n'''\n", None),
        ("python", "# if x:|\n", None),
        ("python", "def f():| x\n", None),
        ("python", "|", None),
        ("javascript", "function f() {|}", Block("  ", True)),
        ("javascript", "function f() {\n  |\n}", Block("  ", True)),
        ("javascript", "function f() {|}a = 1", None),
        ("javascript", "function f() {|\n", Block("  ", False)),
        ("javascript", "  f(() => {\n    |\n  });\n", Block("    ", True)),
        ("javascript", "if (x) { // {|\n", Block("  ", False)),
        ("javascript", "if (x) {} // {|\n", None),
        ("javascript", "const a = '{|", None),
        ("javascript", "function f() {\n  |\n  return 1;\n}", None),
        ("go", "package m\n\nfunc f() {\n\tif x {\n\t\t|\n}\n", Block("\t\t", False)),
        ("go", "package m\n\nfunc f() {\n\tif x {\n\t\t|\n\t}\n}\n", Block("\t\t", True)),
        ("c", "int f(void)\n{\n    |\n}\n", Block("    ", True)),
        ("csharp", "void F() {\n  |\n}\n", Block("  ", True)),
        ("csharp", "void F() {\n    g();\n    h() {|\n", Block("        ", False)),
        ("csharp", "x = 1; // {|\n", None),
        ("ruby", "def f|\n", None),
    ],
)
def test_an_empty_body_is_recognised(language, text, expected):
    made, syntax, cursor = marked(text, language)
    assert opens_block(made, syntax, cursor) == expected
    assert may_open_block(made, cursor) or expected is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f():\n    |", Block("    ", False)),
        ("def f():\n    |\n    return 1\n", None),
        ("x = 1\n|", None),
    ],
)
def test_text_alone_answers_while_there_is_no_tree(text, expected):
    made, _, cursor = marked(text)
    assert opens_block(made, None, cursor) == expected
    assert may_open_block(made, cursor) or expected is None


@given(st.data(), st.sampled_from(["python", "javascript", "go", "csharp"]))
def test_a_body_is_deeper_than_the_line_that_opens_it(data, language):
    made = document(data.draw(texts("def f():", "if x {", "}", "{", ":", "    ", "# c:")), language)
    cursor = data.draw(cursors(made))
    block = opens_block(made, parse(made), cursor)
    if block is not None:
        assert may_open_block(made, cursor)
        assert block.indent
        assert not block.indent.strip()
        assert not made.after(cursor).strip().strip("})];,")[:1].isalnum()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "# what follows is prose|\n"),
        ("python", "x = 1  # and why|\n"),
        ("python", "x = 1\n\n    |\n"),
        ("javascript", "f();\n// a {\n// b|\n"),
        ("ruby", "def f|\n"),
        ("python", "|\n"),
    ],
)
def test_most_places_are_known_not_to_open_a_block_without_any_syntax(language, text):
    made, _, cursor = marked(text, language)
    assert not may_open_block(made, cursor)
