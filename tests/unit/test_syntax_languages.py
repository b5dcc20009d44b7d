"""Each language with a grammar, on a short file of its own."""

from __future__ import annotations

import re

import pytest

from slm_lsp.syntax import languages
from slm_lsp.syntax.languages import LANGUAGES
from slm_lsp.syntax.outline import import_lines
from slm_lsp.syntax.syntax import (
    Syntax,
    errors_added,
    inside,
    parse,
    scopes,
)
from slm_lsp.text.document import (
    Completion,
    Cursor,
    Document,
    Span,
)
from tests.unit.marked import document
from tests.unit.samples import SAMPLES, Sample

by_language = pytest.mark.parametrize("sample", SAMPLES, ids=lambda it: it.language)


def at(sample: Sample, mark: str) -> tuple[Document, Syntax, Cursor]:
    """Return the document without its marks, its syntax and the place of `mark`."""
    others = re.sub(f"‹[^{mark}]›", "", sample.text)
    before = others.partition(f"‹{mark}›")[0].split("\n")
    made = document(others.replace(f"‹{mark}›", ""), sample.language)
    syntax = parse(made)
    assert isinstance(syntax, Syntax)
    return made, syntax, Cursor(len(before) - 1, len(before[-1]))


def test_every_language_with_a_grammar_has_a_sample():
    parsed = {row.id for row in LANGUAGES if row.grammar and row.queries != "html"}
    assert {it.language for it in SAMPLES} == parsed | {"html"}
    assert len({row.grammar for row in LANGUAGES if row.grammar}) >= 25


@by_language
def test_the_sample_is_sound(sample):
    assert not at(sample, "k")[1].tree.root_node.has_error


@by_language
def test_strings_comments_and_code(sample):
    for mark, kind in (("s", "string"), ("c", "comment"), ("k", "code")):
        if f"‹{mark}›" in sample.text:
            _, syntax, cursor = at(sample, mark)
            assert inside(syntax, cursor) == kind


@by_language
def test_what_encloses_a_place(sample):
    made, syntax, cursor = at(sample, "k")
    found = [scope.header for scope in scopes(syntax, cursor)]
    texts = [made.lines[it.start.line][it.start.column :].rstrip() for it in found]
    assert len(texts) == len(sample.scopes)
    for text, header, expected in zip(texts, found, sample.scopes, strict=True):
        width = header.end.column - header.start.column
        assert (text[:width] if header.start.line == header.end.line else text) == expected


@by_language
def test_imports(sample):
    _, syntax, _ = at(sample, "k")
    assert tuple(import_lines(syntax)) == sample.imports


@by_language
def test_what_breaks_a_file_is_noticed(sample):
    made, syntax, cursor = at(sample, "k")
    completion = Completion(sample.breaks, Span.at(cursor), 1.0)
    assert (errors_added(made, syntax, completion) > 0) is bool(sample.breaks)


@by_language
def test_comments_alone_break_nothing(sample):
    made, syntax, cursor = at(sample, "k")
    mark = languages.find(sample.language).comment
    if mark and not made.after(cursor).strip():
        assert errors_added(made, syntax, Completion(mark + " x", Span.at(cursor), 1.0)) == 0
