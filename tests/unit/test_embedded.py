"""Text of one language inside of another."""

from __future__ import annotations

import time

import pytest

from slm_lsp.syntax.syntax import (
    errors_added,
    innermost,
    inside,
    opens_block,
)
from slm_lsp.text.document import Completion, Span
from tests.unit.marked import marked

SCRIPT = "<html>\n<script{}>\nfunction f(a) {{\n  {}\n}}\n</script>\n<p>x</p>\n</html>\n"
FENCE = "# A\n\ntext\n\n```{}\ndef f():\n    {}\n```\n\nmore\n"


@pytest.mark.parametrize(
    ("host", "text", "language"),
    [
        ("html", SCRIPT.format("", "g(|);"), "javascript"),
        ("html", SCRIPT.format(" type='module'", "g(|);"), "javascript"),
        ("html", SCRIPT.format(" type='application/json'", "g(|);"), "json"),
        ("vue", SCRIPT.format(" setup lang='ts'", "g(|);"), "typescript"),
        ("html", SCRIPT.format("", "g();").replace("x", "|x"), "html"),
        ("html", "<style>\np { color: |red }\n</style>\n", "css"),
        ("html", "<style>|</style>\n", "html"),
        ("markdown", FENCE.format("python", "x|"), "python"),
        ("markdown", FENCE.format("py title=a", "x|"), "python"),
        ("markdown", FENCE.format("{.python}", "x|"), "python"),
        ("markdown", FENCE.format("", "x|").replace("```", "`" * 70), "markdown"),
        ("markdown", FENCE.format("python", "x|").replace("```", "~" * 70), "python"),
        ("markdown", FENCE.format("", "x|"), "markdown"),
        ("markdown", FENCE.format("brainfuck", "x|"), "markdown"),
        ("markdown", FENCE.format("python", "x").replace("more", "mo|re"), "markdown"),
        ("python", "x = '<script>|'\n", "python"),
    ],
)
def test_the_language_of_a_place(host, text, language):
    _, syntax, cursor = marked(text, host)
    assert syntax is not None
    assert innermost(syntax, cursor).language.id == language


def test_a_fence_of_any_length_costs_a_key_nothing():
    _, syntax, cursor = marked("`" * 10_000 + "\nx|\n", "markdown")
    assert syntax is not None
    started = time.perf_counter()
    innermost(syntax, cursor)
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("host", "text", "kind"),
    [
        ("html", SCRIPT.format("", "g('a|');"), "string"),
        ("html", SCRIPT.format("", "g(); // a|"), "comment"),
        ("html", SCRIPT.format("", "g(|);"), "code"),
        ("markdown", FENCE.format("python", "x = 1  # a|"), "comment"),
    ],
)
def test_strings_and_comments_are_those_of_the_part(host, text, kind):
    _, syntax, cursor = marked(text, host)
    assert syntax is not None
    assert inside(innermost(syntax, cursor), cursor) == kind


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("html", SCRIPT.format("", "if (a) {|\n  }")),
        ("markdown", FENCE.format("python", "if x:|")),
    ],
)
def test_blocks_open_in_parts(host, text):
    made, syntax, cursor = marked(text, host)
    assert syntax is not None
    assert opens_block(made, innermost(syntax, cursor), cursor) is not None


@pytest.mark.parametrize(
    ("host", "text", "inserted", "sound"),
    [
        ("html", SCRIPT.format("", "|"), "return g(a);", True),
        ("html", SCRIPT.format("", "|"), "return g(a;", False),
        ("markdown", FENCE.format("python", "|"), "return g(1)", True),
        ("markdown", FENCE.format("python", "|"), "return g(1", False),
        ("markdown", FENCE.format("", "|"), "return g(1", True),
    ],
)
def test_parts_stay_sound(host, text, inserted, sound):
    made, syntax, cursor = marked(text, host)
    assert syntax is not None
    part = innermost(syntax, cursor)
    completion = Completion(inserted, Span.at(cursor), 1.0)
    assert (errors_added(made, part, completion) == 0) is sound
