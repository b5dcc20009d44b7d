"""What is cut from the model's text, and what is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.completion.generate import Draft
from slm_lsp.completion.postprocess import tidy, without_circles, without_following
from slm_lsp.completion.request import Request
from slm_lsp.inference.protocol import Token
from slm_lsp.syntax.syntax import Syntax, parse
from slm_lsp.text.document import (
    Cursor,
    Document,
    Span,
    visible,
)


def offered(source: str, generated: str, *, language: str = "python", reason: str = "stop"):
    """Tidy `generated` at the `|` in `source`."""
    before, after = source.split("|")
    document = Document.of(before + after, uri="file:///a", language=language)
    lines = before.replace("\r\n", "\n").split("\n")
    cursor = Cursor(len(lines) - 1, len(lines[-1]))
    parsed = parse(document)
    syntax = parsed if isinstance(parsed, Syntax) else None
    pieces = [Token(1, character, -0.01) for character in generated]
    draft = Draft(pieces, generated, reason)
    completions, dropped = tidy(Request(document, syntax, cursor), [draft])
    return (completions[0] if completions else None), dropped


def text(source: str, generated: str, **options: str) -> str:
    completion, dropped = offered(source, generated, **options)
    assert (completion is None) == bool(dropped)
    return completion.text if completion else ""


@pytest.mark.parametrize(
    ("source", "generated", "expected"),
    [
        ("x = |", "foo(1)  ", "foo(1)"),
        ("print(|)", '"a")', '"a"'),
        ("print(|)", "foo(1)", "foo(1)"),
        ("print(|)", "foo(1))", "foo(1)"),
        ("if f(|):\n    pass", "x):", "x"),
        ("def f():\n    |\n    return 1\n", "x = 1\n    return 1\n", "x = 1"),
        ("x = |", "   ", ""),
        ("a = [|]", "1, 2]", "1, 2"),
        ("a = {|}", '"k": [1]}', '"k": [1]'),
        ("def f():\n    ret|\n    return 1\n", "urn 1", ""),
        ("def f():\n    ret|\n    return 1\n", "urn 12", "urn 12"),
    ],
)
def test_does_not_repeat_what_follows(source: str, generated: str, expected: str):
    assert text(source, generated) == expected


@pytest.mark.parametrize(
    ("source", "generated", "expected"),
    [("h(f(|))", "g(a))", "g(a)"), ("h(f(|))", "g(a)))", "g(a)"), ("h(f(|))", "g(a)", "g(a)")],
)
def test_brackets_are_counted_where_no_grammar_does(source: str, generated: str, expected: str):
    assert text(source, generated, language="plaintext") == expected


def test_cuts_circles():
    assert without_circles("b = 2\na = 1\na = 1\na = 1\na =") == "b = 2\na = 1\na = 1\na = 1\na ="
    assert without_circles("b = 2\na = 1\na = 1\na = 1\n") == "b = 2\na = 1\na = 1"
    assert without_circles("ababababababab") == "ab"
    assert without_circles("x = " + "-" * 40) == "x = " + "-" * 40


def test_a_budget_that_ran_out_leaves_no_half_word():
    assert text("x = |", "first + seco", reason="length") == "first"


def test_refuses_what_breaks_sound_code():
    completion, dropped = offered("def f(a):\n    return |\n", ") + 1")
    assert completion is None
    assert dropped == "would break the syntax"


def test_shortens_rather_than_refuses():
    assert text("def f(a):\n    return |\n", "a)") == "a"
    assert text("x = |\ny = 1\n", "foo(a).bar(b") == "foo(a).bar"
    assert text("x = |\ny = 1\n", "foo(") == "foo"


@pytest.mark.parametrize(
    ("source", "generated", "expected"),
    [
        ("print(|)\n", "x)  # now", "x"),
        ('print("|")\n', 'hello")  # now', "hello"),
        ("x = 1  # see (|)\n", "below) # now", "below) # now"),
    ],
)
def test_what_follows_never_ends_up_in_a_comment(source: str, generated: str, expected: str):
    assert text(source, generated) == expected


@pytest.mark.parametrize("generated", ["<SECRET>", "<SECRET> + 1", "<SECRET", "<SECRET "])
def test_a_mask_that_the_model_repeats_is_not_offered(generated: str):
    assert offered("x = '|\n", generated) == (None, "a secret")


def test_keeps_the_line_endings_of_the_file():
    assert text("def f(a):|\r\n\r\n", "\n    x = a\n    return x") == (
        "\r\n    x = a\r\n    return x"
    )


def test_strips_invisible_controls():
    assert text("x = |", "a\u202e\u200b\u2066 + b") == "a + b"


def test_confidence_is_the_joint_probability_of_what_is_left():
    completion, _ = offered("x = |", "ab   ")
    assert completion is not None
    assert completion.confidence == pytest.approx(math.exp(-0.02))


@given(st.text("ab()[]{}:, \n", max_size=30), st.text("ab()[]{}:, ", max_size=8))
def test_only_ever_cuts(generated: str, after: str):
    cut = without_following(generated, after, "")
    assert generated.startswith(cut)


@given(st.text("ab()\n ", max_size=40))
def test_circles_are_only_cut(generated: str):
    assert generated.startswith(without_circles(generated))


@given(
    st.text("ab \n", max_size=30),
    st.text("ab", min_size=1, max_size=6),
    st.sampled_from(["", "  "]),
)
def test_the_line_below_is_never_repeated_at_its_depth(generated: str, below: str, indent: str):
    cut = without_following(generated, "", indent + below, indent)
    assert indent + below not in [line.rstrip() for line in (indent + cut).split("\n")]


SOUND = "def f(a):\n    if a:\n        g(a, [1])\n    return {a: 1}\n"
CODE = st.text(st.sampled_from("ab1(){}[]:,.=\n \u200b\u202e'"), max_size=40)


@given(
    CODE, st.data(), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["stop", "length", "doubt"])
)
def test_offers_a_start_of_what_was_written_and_touches_nothing_else(
    generated: str, data: st.DataObject, ending: str, reason: str
):
    rows = SOUND.split("\n")
    row = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, len(rows[row])))
    before = ending.join([*rows[:row], rows[row][:column]])
    after = ending.join([rows[row][column:], *rows[row + 1 :]])
    completion, _ = offered(f"{before}|{after}", generated, reason=reason)
    if completion is not None:
        assert completion.span == Span.at(Cursor(row, column))
        written = visible(generated).replace("\n", ending)
        assert written.startswith(completion.text)
        shown = before + completion.text + after
        parsed = parse(Document.of(shown, uri="file:///a", language="python"))
        assert isinstance(parsed, Syntax)
        assert not parsed.tree.root_node.has_error


def test_alternatives_follow_the_automatic_one_and_differ_in_more_than_blanks_or_quotes():
    document = Document.of("x = \n", uri="file:///a", language="python")
    written = [("f('a', b)", -3.0), ('f("a",b)', -0.1), ("g(1)", -2.0), ("h(2)", -1.0)]
    drafts = [Draft([Token(1, it, logprob)], it, "stop") for it, logprob in written]
    completions, _ = tidy(Request(document, parse(document), Cursor(0, 4)), drafts)
    assert [it.text for it in completions] == ["f('a', b)", "h(2)", "g(1)"]


@pytest.mark.parametrize(
    ("source", "written", "offered"),
    [
        ("fixes|\n    a,\n    b,\n)\n", ".append(", ".append("),
        ("x = |\n    1,\n]\n", "[", "["),
        ("fixes|\nb = 1\n", ".append(", ".append"),
        ("fixes|\n    b = 1\n", ".append(", ".append"),
    ],
)
def test_an_opening_bracket_ends_a_line_only_where_the_lines_below_are_inside_it(
    source: str, written: str, offered: str
):
    assert text(source, written) == offered
