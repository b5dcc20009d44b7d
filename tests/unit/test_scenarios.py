"""Scenarios in which people ask for a completion: each kind in several languages."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.evaluation.holes import MAX_LINES, SCENARIOS, punch
from slm_lsp.syntax.scenarios import scenarios
from slm_lsp.syntax.syntax import Syntax, parse
from tests.unit.marked import document, texts

PYTHON = '''import os  # for names


def area(shape, scale=1):
    """Return how much room the shape takes."""
    if shape.sides and scale > 0:
        return shape.measure(scale, 2)
    return 0


def test_area():
    box = make()
    assert area(box) == 4
'''

TYPESCRIPT = """import { a } from "./a";

/** Says how large the shape of it is. */
export function area(shape: Shape): number {
  if (shape.sides) {
    return shape.measure(1, 2); // all of it
  }
  return 0;
}

it("measures", () => {
  expect(area(box)).toBe(4);
});
"""

JSX = """export function List(p) {
  return (
    <ul className="all" onClick={p.go}>
      <li>One of them</li>
    </ul>
  );
}
"""

GO = """package p

import (
	"fmt"
)

// Area says how large the shape is.
func Area(s Shape) int {
	if s.sides > 0 {
		return s.Measure(1, 2)
	}
	return 0
}

func TestArea(t *testing.T) {
	check(t, 4)
}
"""

RUST = """use std::fmt;

/// Says how large the shape is.
pub fn area(s: &Shape) -> u32 {
    if s.sides > 0 {
        return s.measure(1, 2);
    }
    0
}

#[test]
fn measures() {
    assert_eq!(area(&b), 4);
}
"""

C = """#include <stdio.h>

/* Say how large the shape is. */
int area(struct shape *s) {
    if (s->sides) {
        return measure(s, 2);
    }
    return 0;
}
"""

CPP = """#include "a.h"

TEST(Area, Measures) {
  EXPECT_EQ(area(b), 4);
}
"""

JAVA = """import a.Shape;

class Areas {
    /** Says how large the shape is. */
    int area(Shape s) {
        if (s.sides()) {
            return s.measure(1, 2);
        }
        return 0;
    }

    @Test
    void measures() {
        check(area(b), 4);
    }
}
"""

RUBY = """require 'shape'

# Says how large the shape is.
def area(shape)
  if shape.sides?
    return shape.measure(1, 2)
  end
  0
end

it 'measures' do
  expect(area(b)).to eq 4
end
"""

PHP = """<?php
use App\\Shape;

/** Says how large the shape is. */
function area($s)
{
    if ($s->sides) {
        return $s->measure(1, 2);
    }
    return 0;
}

class AreaTest {
    public function testArea() {
        check(4);
    }
}
"""

HTML = """<body>
  <ul class="all" id=x>
    <li>One of them</li>
  </ul>
</body>
"""

CSS = """@import "a.css";

/* What is important in a text. */
.all:hover {
  color: red;
  margin: 0;
}
"""

SQL = """CREATE TABLE shapes (
  id int PRIMARY KEY,
  sides int
);

SELECT s.id
FROM shapes s
WHERE s.sides > 3;
"""

YAML = """jobs:
  build:
    name: all
    steps: none
"""

SHELL = """area() {
  if [ -n "$1" ]; then
    measure "$1"
  fi
  echo done
}
"""


def found(text: str, language: str) -> set[tuple[str, str]]:
    made = document(text, language)
    syntax = parse(made)
    assert isinstance(syntax, Syntax)
    return {(kind, made.text_in(span)) for kind, span in scenarios(syntax)}


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (PYTHON, "python", "box = make()\n    assert area(box) == 4"),
        (PYTHON, "python", "assert area(box) == 4"),
        (TYPESCRIPT, "typescript", "expect(area(box)).toBe(4);"),
        (GO, "go", "check(t, 4)"),
        (RUST, "rust", "assert_eq!(area(&b), 4);"),
        (CPP, "cpp", "EXPECT_EQ(area(b), 4);"),
        (JAVA, "java", "check(area(b), 4);"),
        (RUBY, "ruby", "expect(area(b)).to eq 4"),
        (PHP, "php", "check(4);"),
    ],
)
def test_bodies_of_tests(text, language, expected):
    got = found(text, language)
    assert ("test", expected) in got
    assert not any(kind == "test" and "measure(" in inner for kind, inner in got)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (PYTHON, "python", "os"),
        (TYPESCRIPT, "typescript", '{ a } from "./a";'),
        (GO, "go", '"fmt"'),
        (RUST, "rust", "std::fmt;"),
        ("pub use std::fmt;\n", "rust", "std::fmt;"),
        (C, "c", "<stdio.h>"),
        (JAVA, "java", "a.Shape;"),
        (RUBY, "ruby", "'shape'"),
        (PHP, "php", "App\\Shape;"),
        (CSS, "css", '"a.css";'),
    ],
)
def test_imports(text, language, expected):
    assert [inner for kind, inner in found(text, language) if kind == "import"] == [expected]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (PYTHON, "python", "Return how much room the shape takes."),
        (TYPESCRIPT, "typescript", "Says how large the shape of it is."),
        (GO, "go", "Area says how large the shape is."),
        (RUST, "rust", "Says how large the shape is."),
        (C, "c", "Say how large the shape is."),
        (JAVA, "java", "Says how large the shape is."),
        (RUBY, "ruby", "Says how large the shape is."),
        (PHP, "php", "Says how large the shape is."),
        (CSS, "css", "What is important in a text."),
        ("/// Copyright by those who wrote it\nfn f() {}\n", "rust", None),
        ("// Only a remark of some length\nx = 1;\n", "javascript", None),
    ],
)
def test_documentation(text, language, expected):
    got = [inner for kind, inner in found(text, language) if kind == "docstring"]
    assert got == ([] if expected is None else [expected])


def test_documentation_of_several_lines():
    got = found(
        'class C:\n    r"""\n    One of the first lines.\n\n    And the last line of it."""\n',
        "python",
    )
    assert {inner for kind, inner in got if kind == "docstring"} == {
        "One of the first lines.",
        "And the last line of it.",
    }


@pytest.mark.parametrize(
    ("text", "language", "attribute", "content"),
    [
        (HTML, "html", 'class="all"', "One of them"),
        (HTML, "html", "id=x", "<li>One of them</li>"),
        (JSX, "javascriptreact", 'className="all"', "One of them"),
        (JSX, "typescriptreact", "onClick={p.go}", "<li>One of them</li>"),
    ],
)
def test_tags(text, language, attribute, content):
    got = found(text, language)
    assert ("attribute", attribute) in got
    assert ("content", content) in got
    assert ("new-line", "<li>One of them</li>") in got


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (PYTHON, "python", "shape.sides and scale > 0"),
        (TYPESCRIPT, "typescript", "shape.sides"),
        (GO, "go", "s.sides > 0"),
        (RUST, "rust", "s.sides > 0"),
        (C, "c", "s->sides"),
        ("void f() {\n  while (a.b) {\n    g();\n  }\n}\n", "cpp", "a.b"),
        (JAVA, "java", "s.sides()"),
        (RUBY, "ruby", "shape.sides?"),
        (PHP, "php", "$s->sides"),
        (SQL, "sql", "s.sides > 3"),
        (SHELL, "shellscript", '-n "$1"'),
    ],
)
def test_conditions(text, language, expected):
    assert [inner for kind, inner in found(text, language) if kind == "condition"] == [expected]


@pytest.mark.parametrize(
    ("text", "language", "heads", "body"),
    [
        (PYTHON, "python", ["def area(shape, scale=1):", "if shape.sides and scale > 0:"], None),
        (TYPESCRIPT, "typescript", ["if (shape.sides) {"], "expect(area(box)).toBe(4);"),
        (GO, "go", ["func Area(s Shape) int {", "if s.sides > 0 {"], "check(t, 4)"),
        (RUST, "rust", ["if s.sides > 0 {"], "assert_eq!(area(&b), 4);"),
        (C, "c", ["int area(struct shape *s) {", "if (s->sides) {"], None),
        (JAVA, "java", ["class Areas {", "int area(Shape s) {"], None),
        (RUBY, "ruby", ["def area(shape)", "if shape.sides?"], None),
        (PHP, "php", ["if ($s->sides) {", "public function testArea() {"], "check(4);"),
        (CSS, "css", [".all:hover {"], "color: red;\n  margin: 0;"),
        (SQL, "sql", ["CREATE TABLE shapes ("], "id int PRIMARY KEY,\n  sides int"),
        (YAML, "yaml", ["jobs:", "build:"], "name: all\n    steps: none"),
        (SHELL, "shellscript", ["area() {", 'if [ -n "$1" ]; then'], None),
    ],
)
def test_heads_and_bodies(text, language, heads, body):
    got = found(text, language)
    assert {("head", head) for head in heads} <= got
    if body is not None:
        assert ("body", body) in got


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (".all::before {\n  color: red;\n}\n", "css"),
        ("SELECT '1'::int;\n", "sql"),
        ("<?php\n$a = $b . $c;\n", "php"),
        ("fn f() -> u32 {\n    0\n}\n", "rust"),
        ("from . import a\nimport b.c\n", "python"),
        ("package a.b;\n", "java"),
    ],
)
def test_not_every_dot_names_a_member(text, language):
    assert not any(kind == "member" for kind, _ in found(text, language))


def test_a_docstring_is_no_part_of_the_body():
    body = "if shape.sides and scale > 0:\n        return shape.measure(scale, 2)\n    return 0"
    assert ("body", body) in found(PYTHON, "python")


@pytest.mark.parametrize(
    ("text", "language", "argument", "members"),
    [
        (PYTHON, "python", "2", ["sides and scale > 0:", "measure(scale, 2)"]),
        (TYPESCRIPT, "typescript", "2", ["sides", "measure(1, 2);", "toBe(4);"]),
        (GO, "go", "2", ["sides > 0 {", "Measure(1, 2)"]),
        (RUST, "rust", "2", ["sides > 0 {", "measure(1, 2);"]),
        (C, "c", "2", ["sides"]),
        (JAVA, "java", "2", ["sides()", "measure(1, 2);"]),
        (RUBY, "ruby", "2", ["sides?", "measure(1, 2)", "to eq 4"]),
        (PHP, "php", "2", ["sides", "measure(1, 2);"]),
        (
            "void f() {\n  g(std::max(1, 2), a->b(c));\n}\n",
            "cpp",
            "2",
            ["max(1, 2), a->b(c)", "b(c)"],
        ),
        (SQL, "sql", None, ["id", "sides > 3;"]),
    ],
)
def test_arguments_and_members(text, language, argument, members):
    got = found(text, language)
    assert argument is None or ("argument", argument) in got
    assert {("member", member) for member in members} <= got
    assert not any(kind == "member" and "hover" in inner for kind, inner in got)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (PYTHON, "python", ["return 0", "box = make()"]),
        (TYPESCRIPT, "typescript", ["return shape.measure(1, 2);", "return 0;"]),
        (GO, "go", ["return 0"]),
        (RUST, "rust", ["return s.measure(1, 2);", "0"]),
        (RUBY, "ruby", ["return shape.measure(1, 2)"]),
        (PHP, "php", ["return 0;"]),
        (CSS, "css", ["margin: 0;"]),
        (SQL, "sql", ["sides int", "WHERE s.sides > 3;"]),
        (YAML, "yaml", ["steps: none"]),
        (SHELL, "shellscript", ["echo done"]),
    ],
)
def test_new_lines(text, language, expected):
    got = found(text, language)
    assert {("new-line", line) for line in expected} <= got


def test_nothing_is_found_twice_or_where_the_syntax_is_broken():
    made = document(YAML, "yaml")
    syntax = parse(made)
    assert isinstance(syntax, Syntax)
    assert max(Counter(scenarios(syntax)).values()) == 1
    assert found("def f():\n    g(1 +)\n", "python") == set()


@pytest.mark.parametrize("language", ["python", "html", "ruby", "javascriptreact", "sql"])
@given(
    text=texts("def f(a):\n", "if a.b:\n", "    ", "# a b c d\n", "<p c=d>", "</p>", "(a, b)", "é"),
    seed=st.integers(0, 9),
)
def test_prefix_hole_and_suffix_are_the_text(language, text, seed):
    made = document(text, language, path="a.x")
    for case in punch([Path("a.x")], lambda _: made, 12, seed, SCENARIOS):
        assert case.prefix + case.expected + case.suffix == text
        assert len(case.expected.strip()) >= 2
        assert case.expected.count("\n") < MAX_LINES
        assert case.hole in SCENARIOS


def test_holes_of_all_scenarios_in_turn():
    made = document(PYTHON, "python", path="a.py")
    kinds = Counter(case.hole for case in punch([Path("a.py")], lambda _: made, 9, 0, SCENARIOS))
    assert set(kinds) <= set(SCENARIOS)
    assert len(kinds) >= 7
    assert {kind for kind in SCENARIOS if kind not in kinds} >= {"attribute", "content"}
