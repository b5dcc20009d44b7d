"""Where a completion ends."""

from __future__ import annotations

import pytest

from slm_lsp.completion.request import Request
from slm_lsp.completion.stop import MAX_BLOCK_LINES, Stop, stop_rule
from slm_lsp.settings.schema import CompletionSettings, Settings
from slm_lsp.syntax.syntax import Syntax, parse
from slm_lsp.text.document import Cursor, Document


def rule(source: str, language: str = "python", settings: Settings | None = None) -> Stop:
    before, after = source.split("|")
    document = Document.of(before + after, uri="file:///a", language=language)
    lines = before.split("\n")
    parsed = parse(document)
    syntax = parsed if isinstance(parsed, Syntax) else None
    request = Request(document, syntax, Cursor(len(lines) - 1, len(lines[-1])))
    return stop_rule(request, settings or Settings())


@pytest.mark.parametrize(
    ("source", "language"),
    [
        ("def f():\n    |", "python"),
        ("def f():|", "python"),
        ("function f() {\n    |\n}", "javascript"),
    ],
)
def test_an_empty_body_is_a_block(source: str, language: str):
    assert rule(source, language) == Stop((), "    ")


@pytest.mark.parametrize(
    ("source", "indent"),
    [
        ("x = |", ""),
        ("def f():\n    return |", "    "),
        ("def f():\n    a = 1\n    |", "    "),
        ("def f():\n    if |\n    a = 1", "    "),
    ],
)
def test_anything_else_is_a_line_that_may_open_a_block(source: str, indent: str):
    assert rule(source) == Stop(("\n",), None, ":", indent)


@pytest.mark.parametrize(
    "source",
    ["def f(|):\n    pass", "if |\n    a = 1", "def f():\n    for |\n\n        a = 1", "# if |"],
)
def test_a_line_with_a_rest_a_comment_or_its_body_below_it_opens_none(source: str):
    assert rule(source) == Stop(("\n",))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a:\n        b\n    c\n", "a:\n        b"),
        ("a:\n        b\n\n        c\n    else:", "a:\n        b\n\n        c"),
        ("a:\n    b", "a:"),
        ("a:\nb", "a:"),
    ],
)
def test_the_body_of_a_line_ends_with_what_is_no_farther_in(text: str, kept: str):
    stop = Stop(("\n",), None, ":", "    ")
    end = stop.end(text)
    assert end is not None
    assert text[:end] == kept
    assert stop.end("a:\n        b\n        c") is None


def test_blocks_can_be_switched_off():
    settings = Settings(completion=CompletionSettings(multiline="never"))
    assert rule("def f():\n    |", settings=settings) == Stop(("\n",))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a = 1\n    b = 2\nc", "a = 1\n    b = 2"),
        ("a = 1\n    b = 2\n\n\ndef", "a = 1\n    b = 2\n\n"),
        ("\n    a\nb", "\n    a"),
        ("a\n" + "    b\n" * 20, "a" + "\n    b" * (MAX_BLOCK_LINES - 1)),
    ],
)
def test_a_block_ends_with_its_indentation(text: str, kept: str):
    stop = Stop((), "    ")
    end = stop.end(text)
    assert end is not None
    assert text[:end] == kept


@pytest.mark.parametrize("text", ["", "a", "a\n", "a\n  ", "a\n    b\n", "\n", "\n    a"])
def test_an_unfinished_block_goes_on(text: str):
    assert Stop((), "    ").end(text) is None


def test_a_line_is_ended_by_the_engine():
    assert Stop(("\n",)).end("a\nb") is None
