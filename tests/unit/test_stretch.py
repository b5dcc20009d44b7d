"""The part of a long document that stands for all of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.syntax.outline import import_lines
from slm_lsp.syntax.partial_parse import (
    NEAR_LINES,
    SHORT_LINES,
    partial_parse,
    serves,
)
from slm_lsp.syntax.syntax import (
    Syntax,
    errors_added,
    inside,
    opens_block,
    parse,
    scopes,
)
from slm_lsp.syntax.tree import ranges_of
from slm_lsp.text.document import (
    Completion,
    Cursor,
    Document,
    Edit,
    Span,
)
from tests.unit.marked import document
from tests.unit.test_syntax import shape

LONG = {
    "python": "import os\n\n"
    + "".join(
        f"class A{n}:\n    x = '{n}'\n\n    def f(self, a):\n        if a:\n            # é\n"
        "            return [a, (1, 2)]\n\n\n"
        for n in range(150)
    ),
    "java": "package a;\n\nclass A {\n"
    + "".join(
        f'  int f{n}(int a) {{\n    // é\n    g("{n}", a);\n    return 1;\n  }}\n'
        for n in range(300)
    )
    + "}\n",
    "javascript": "describe('a', () => {\n"
    + "".join(
        f"  it('b{n}', async () => {{\n    await f(`${{n}}`);\n    /* é */\n  }});\n"
        for n in range(300)
    )
    + "});\n",
    "json": '{\n  "a": [\n'
    + "".join(f'    {{"b{n}":\n      "é"}},\n' for n in range(500))
    + "  1]\n}\n",
    "c": "#ifndef A\n#define A\n#include <a.h>\n"
    + "".join(f"int f{n}(int a)\n{{\n  return g(a, 'b');\n}}\n\n" for n in range(300))
    + "#endif\n",
    "html": "<html>\n<body>\n"
    + "".join(f"<div class='a{n}'>\n  <p>é</p>\n</div>\n" for n in range(300))
    + "</body>\n</html>\n",
}
"""Sound files in which everything, or nearly so, is in one node."""

by_language = pytest.mark.parametrize("language", LONG)


def whole(made: Document) -> Syntax:
    syntax = parse(made)
    assert isinstance(syntax, Syntax)
    return syntax


def near(syntax: Syntax, line: int) -> Syntax:
    part = parse(syntax.document, partial_parse(syntax, line))
    assert isinstance(part, Syntax)
    return part


def test_a_long_last_declaration_is_left_out_where_it_is_far_away():
    last = "class Z:\n" + "".join(
        f"    def g{n}(self):\n        return {n}\n\n" for n in range(400)
    )
    syntax = whole(document(LONG["python"] + last))
    part = near(syntax, 700)
    kept = sum(it.end_point.row - it.start_point.row for it in ranges_of(part.tree)[:-1])
    assert kept < 4 * NEAR_LINES
    assert part.tree.root_node.children[-1].start_point.row < 700 + 2 * NEAR_LINES
    assert not part.tree.root_node.has_error


def test_what_is_whole_is_cut_where_the_parser_has_given_up_around_it():
    many = "".join(f"    def g{n}(self):\n        return [{n}]\n\n" for n in range(200))
    syntax = whole(document(f"class Z:\n{many})\n{many}"))
    assert syntax.tree.root_node.children[0].is_error
    part = near(syntax, 600)
    assert sum(it.end_point.row - it.start_point.row for it in ranges_of(part.tree)) < 250
    cursor = Cursor(590, len(syntax.document.lines[590]) - 1)
    assert [it.name for it in scopes(part, cursor)] == ["Z", "g196"]
    assert inside(part, cursor) == "code"


@by_language
@given(data=st.data())
def test_any_place_of_a_broken_file_has_a_stretch_that_serves_it(language, data):
    text = LONG[language]
    for piece in data.draw(st.lists(st.sampled_from([")", "}", "`", "/*", "(((", "<"]))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + piece + text[at:]
    syntax = whole(document(text, language))
    line = data.draw(st.integers(0, len(syntax.document.lines) - 1))
    part = near(syntax, line)
    ends = [end for it in ranges_of(part.tree) for end in (it.start_byte, it.end_byte)]
    assert ends == sorted(set(ends))
    assert serves(part, line) or not part.partial


@by_language
def test_a_stretch_is_small_and_as_sound_as_the_whole(language):
    syntax = whole(document(LONG[language], language))
    assert len(syntax.document.lines) > SHORT_LINES
    assert not syntax.tree.root_node.has_error
    for line in range(0, len(syntax.document.lines), 37):
        part = near(syntax, line)
        assert not part.tree.root_node.has_error
        assert part.partial
        assert len(shape(part)) < 0.6 * len(shape(syntax))
        assert serves(part, line)


@by_language
@given(data=st.data())
def test_a_stretch_gives_the_answers_that_the_whole_gives(language, data):
    made = document(LONG[language], language)
    line = data.draw(st.integers(0, len(made.lines) - 1))
    part = near(whole(made), line)
    for typed in data.draw(st.lists(st.sampled_from(["x", " ", "(", ")", "{", ":", "'", "\n"]))):
        column = data.draw(st.integers(0, len(made.lines[line].rstrip("\n"))))
        edit = Edit(Span.at(Cursor(line, column)), typed)
        after = made.applied(edit, 1)
        known = parse(after, part.unparsed(edit, made, after))
        assert isinstance(known, Syntax)
        part, made = known, after
    syntax, cursor = whole(made), Cursor(line, len(made.lines[line].rstrip("\n")))
    assert part.document is made
    assert import_lines(part) == import_lines(syntax)
    if not syntax.tree.root_node.has_error:
        assert not part.tree.root_node.has_error
        assert inside(part, cursor) == inside(syntax, cursor)
        assert scopes(part, cursor) == scopes(syntax, cursor)
        assert opens_block(made, part, cursor) == opens_block(made, syntax, cursor)


@by_language
@given(data=st.data())
def test_what_is_near_has_the_nodes_that_it_has_in_the_whole(language, data):
    syntax = whole(document(LONG[language], language))
    lines = len(syntax.document.lines)
    line = data.draw(st.integers(0, lines - 1))
    first, last = max(0, line - NEAR_LINES // 2), line + NEAR_LINES // 2

    def close(nodes: list[Any]) -> list[Any]:
        return [it for it in nodes if first <= it[3].row and it[4].row <= last]

    assert close(shape(near(syntax, line))) == close(shape(syntax))


def test_a_place_close_to_what_is_left_out_is_not_served():
    syntax = whole(document(LONG["python"]))
    part = near(syntax, 700)
    assert serves(part, 710)
    assert not serves(part, 700 + NEAR_LINES)
    assert not serves(part, 700 - NEAR_LINES)
    assert serves(part, 0)


@pytest.mark.parametrize(("inserted", "sound"), [("b = g(a)", True), ("b = g(a", False)])
def test_soundness_is_judged_by_a_stretch_as_by_the_whole(inserted, sound):
    syntax = whole(document(LONG["python"]))
    line = next(n for n in range(600, 700) if syntax.document.lines[n].startswith("            #"))
    completion = Completion(inserted, Span.at(Cursor(line, 12)), 1.0)
    for known in (syntax, near(syntax, line)):
        assert (errors_added(syntax.document, known, completion) == 0) is sound
