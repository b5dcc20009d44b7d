"""Trees after edits, and what happens when parsing is slow or fails."""

from __future__ import annotations

import logging
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.syntax import languages
from slm_lsp.syntax import languages as language_table
from slm_lsp.syntax.syntax import (
    PendingParse,
    Syntax,
    inside,
    parse,
)
from slm_lsp.syntax.tree import cursor_at, offset, point
from slm_lsp.text.document import (
    Cursor,
    Document,
    Edit,
    Span,
)
from tests.unit.marked import cursors, document, edits, texts

CODE = {
    "python": (
        'class A:\n    """Doc."""\n    def f(self, x=1):\n        if x:\n            return "é"\n'
        "\nx = [1]  # end\n"
    ),
    "typescript": "export class A {\n  f(x: number): string {\n    return `a ${x} b`;\n  }\n}\n",
    "go": 'package m\n\nfunc f(a int) string {\n\tif a > 1 {\n\t\tg("é")\n\t}\n\treturn `x`\n}\n',
    "rust": "impl A {\n    fn f<'a>(x: &'a str) -> u8 {\n        /* é */ g(x)\n    }\n}\n",
}
FRAGMENTS = ('"', "'", "`", "()", "(", "{", "}", ":", "/*", "*/", "#", "//", "if x", '"""', "f(1)")


def shape(syntax: Syntax):
    """Return kind and extent of every node, in order."""
    found, pending = [], [syntax.tree.root_node]
    while pending:
        node = pending.pop()
        found.append((node.type, node.start_byte, node.end_byte, node.start_point, node.end_point))
        pending.extend(reversed(node.children))
    return found


def parsed(made: Document) -> Syntax:
    syntax = parse(made)
    assert isinstance(syntax, Syntax)
    return syntax


def edited(syntax: Syntax, edit: Edit) -> Syntax:
    before = syntax.document
    after = before.applied(edit, before.version + 1)
    result = syntax.edited(edit, before, after)
    assert isinstance(result, Syntax)
    assert result.document is after
    return result


def end_of(syntax: Syntax) -> Cursor:
    lines = syntax.document.lines
    return Cursor(len(lines) - 1, len(lines[len(lines) - 1]))


@pytest.mark.parametrize("language", CODE)
@given(data=st.data())
def test_a_tree_kept_up_to_date_equals_a_fresh_one(language, data):
    ending = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    syntax = parsed(document(CODE[language].replace("\n", ending), language))
    for _ in range(data.draw(st.integers(1, 5))):
        syntax = edited(syntax, data.draw(edits(syntax.document, texts(*FRAGMENTS))))
        fresh = parsed(syntax.document)
        root = syntax.tree.root_node
        assert root.end_byte == fresh.tree.root_node.end_byte
        assert root.has_error == fresh.tree.root_node.has_error
        if not root.has_error:
            # How a parser recovers in broken code may depend on what it knew before.
            assert shape(syntax) == shape(fresh)


@pytest.mark.parametrize("language", CODE)
@given(data=st.data())
def test_text_typed_and_taken_back_leaves_the_same_tree(language, data):
    sound = parsed(document(CODE[language] * 3, language))
    assert not sound.tree.root_node.has_error
    before = shape(sound)
    at = data.draw(cursors(sound.document))
    syntax = sound
    typed = "".join(data.draw(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=4)))
    column = at.column
    for character in typed:
        syntax = edited(syntax, Edit(Span.at(Cursor(at.line, column)), character))
        column += 1
        if character == "\n":
            at, column = Cursor(at.line + 1, 0), 0
    while syntax.document.lines.size > sound.document.lines.size:
        if column == 0:
            at = Cursor(at.line - 1, 0)
            column = len(syntax.document.lines[at.line]) - 1
            span = Span(Cursor(at.line, column), Cursor(at.line + 1, 0))
        else:
            column -= 1
            span = Span(Cursor(at.line, column), Cursor(at.line, column + 1))
        syntax = edited(syntax, Edit(span, ""))
    assert shape(syntax) == before
    assert shape(sound) == before


@given(st.data())
def test_places_translate_to_the_parsers_and_back(data):
    made = document(data.draw(texts()))
    cursor = data.draw(cursors(made))
    assert cursor_at(made, point(made, cursor)) == cursor
    before = "".join(made.lines.slice(0, cursor.line)) + made.before(cursor)
    assert offset(made, cursor) == len(before.encode())


def test_rows_are_lines_also_where_lines_end_in_carriage_returns():
    syntax = parsed(document("a = 1\rb = 2\r\nc = 3\n"))
    assert [node.start_point.row for node in syntax.tree.root_node.children] == [0, 1, 2]


def test_a_very_long_line_is_read_whole():
    made = document("x = [" + "'é', " * 60_000 + "]\ny = 1\n")
    root = parsed(made).tree.root_node
    assert not root.has_error
    assert [node.start_point.row for node in root.children] == [0, 1]


def test_a_language_without_grammar_has_no_syntax():
    assert parse(document("print 1\n", "perl")) is None
    assert parse(document("?", "no such language")) is None


def test_a_parse_over_its_budget_is_given_up_and_can_be_repeated():
    made = document("x = [1, 2, {3: f(4)}]\n" * 3000)
    overrun = parse(made, budget_ms=0)
    assert isinstance(overrun, PendingParse)
    assert shape(parsed(made)) == shape(finished(overrun))


def test_edits_during_an_overrun_are_followed_without_parsing():
    sound = parsed(document("x = [1, 2, {3: f(4)}]\n" * 3000))
    edit = Edit(Span.at(Cursor(0, 0)), '"""')
    after = sound.document.applied(edit, 1)
    overrun = sound.edited(edit, sound.document, after, budget_ms=0)
    assert isinstance(overrun, PendingParse)
    back = Edit(Span(Cursor(0, 0), Cursor(0, 3)), "# é\n")
    last = after.applied(back, 2)
    overrun = overrun.unparsed(back, after, last)
    assert overrun.document is last
    assert shape(finished(overrun)) == shape(parsed(last))


def test_an_overrun_of_a_first_parse_follows_edits_too():
    made = document("x = [1, 2, {3: f(4)}]\n" * 3000)
    overrun = parse(made, budget_ms=0)
    assert isinstance(overrun, PendingParse)
    edit = Edit(Span.at(Cursor(1, 0)), "y = 2\n")
    after = made.applied(edit, 1)
    assert shape(finished(overrun.unparsed(edit, made, after))) == shape(parsed(after))


def finished(overrun: PendingParse) -> Syntax:
    syntax = parse(overrun.document, overrun)
    assert isinstance(syntax, Syntax)
    return syntax


def test_what_is_known_of_another_language_is_not_used():
    python = parsed(document("x = 1\n"))
    go = parse(document("package m\n", "go"), python)
    assert isinstance(go, Syntax)
    assert go.tree.root_node.children[0].type == "package_clause"


def test_a_parser_that_fails_leaves_text_and_logs_no_code(monkeypatch, caplog):
    def broken(*_arguments):
        raise RuntimeError("secret = 1")

    monkeypatch.setattr("slm_lsp.text.lines.Lines.source", broken)
    with caplog.at_level(logging.WARNING):
        assert parse(document("secret = 1\n")) is None
    assert "python parser failed" in caplog.text
    assert "secret" not in caplog.text


def test_a_grammar_is_loaded_when_its_language_is_first_parsed(monkeypatch):
    row = language_table.Language("late", (), grammar="tree_sitter_python:language")
    monkeypatch.setitem(languages._BY_ID, "late", row)
    loads = languages.grammar.cache_info().misses
    syntax = parsed(document("'a'\n", "late"))
    assert languages.grammar.cache_info().misses == loads + 1
    assert inside(syntax, end_of(syntax)) == "code"


def test_parsing_keeps_nothing_of_what_it_read():
    made = document(f"x = '{'a' * 100_000}'\n", "python")
    parsed(made)
    tracemalloc.start()
    try:
        for _ in range(50):
            parsed(made)
        kept, _most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 100_000
