"""Where a completion ends."""

from __future__ import annotations

import pytest

from slm_lsp.completion.request import Request
from slm_lsp.completion.stop import MAX_BLOCK_LINES, Stop, stop_rule
from slm_lsp.config import CompletionSettings, Settings
from slm_lsp.context.syntax import Syntax, parse
from slm_lsp.text import Cursor, Document


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
    "source",
    ["x = |", "def f():\n    return |", "def f(|):\n    pass", "def f():\n    a = 1\n    |"],
)
def test_anything_else_is_a_line(source: str):
    assert rule(source) == Stop(("\n",))


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
