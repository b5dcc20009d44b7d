"""What the model gets to see."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slm_lsp.context.window import Budget, estimated_tokens, window
from slm_lsp.syntax.syntax import parse
from slm_lsp.text.document import (
    Cursor,
    Document,
    Edit,
    Span,
)
from tests.unit.marked import cursors, document, texts

INVISIBLE = re.compile("[\ufeff\u200b\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
BUDGETS = st.builds(Budget, st.integers(1, 400), st.integers(0, 200))


def shown(text: str) -> str:
    """Return `text` as a model reads it."""
    return INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def module(classes: int) -> str:
    """Return a Python file with six lines a class below two imports."""
    head = '"""About."""\n\nimport os\nfrom sys import (\n    argv,\n)\n\n'
    return head + "".join(
        f"class A{n}:\n    def f(self, a):\n        b = a + {n}\n        return g(b)\n\n\n"
        for n in range(classes)
    )


@st.composite
def long_documents(draw) -> Document:
    lines = draw(st.lists(texts("long " * 30, "\u202e", "語"), min_size=1, max_size=40))
    ending = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    return document(ending.join(lines * draw(st.integers(1, 5))))


@given(st.data(), long_documents(), BUDGETS)
def test_a_window_is_the_text_around_the_cursor_in_whole_lines(data, made, budget):
    cursor = data.draw(cursors(made))
    prompt = window(made, None, cursor, budget)
    before = shown("".join(made.lines.slice(0, cursor.line)) + made.before(cursor))
    after = shown(made.after(cursor))
    below = shown("".join(made.lines.slice(cursor.line + 1, len(made.lines))))
    assert before.endswith(prompt.prefix)
    cut = before[: len(before) - len(prompt.prefix)]
    assert cut == "" or cut.endswith("\n") or "\n" not in prompt.prefix
    if "\n" in prompt.suffix:
        assert prompt.suffix.startswith(after + "\n")
        assert (below + "\n").startswith(prompt.suffix[len(after) + 1 :] + "\n")
    else:
        assert after.startswith(prompt.suffix)


@given(st.data(), long_documents(), BUDGETS)
def test_a_window_keeps_to_its_budget(data, made, budget):
    prompt = window(made, parse(made), data.draw(cursors(made)), budget)
    assert estimated_tokens(prompt.prefix) <= budget.prefix_tokens
    assert estimated_tokens(prompt.suffix) <= budget.suffix_tokens


@given(st.integers(0, 400), st.integers(100, 2000))
@example(400, 100)
def test_above_a_window_stand_imports_and_signatures_within_the_budget(line, tokens):
    made = document(module(100))
    cursor = Cursor(line, 0)
    prompt = window(made, parse(made), cursor, Budget(tokens, 0))
    assert estimated_tokens(prompt.prefix) <= tokens
    plain = window(made, None, cursor, Budget(tokens, 0)).prefix
    assert prompt.prefix.endswith(plain)
    above = prompt.prefix[: len(prompt.prefix) - len(plain)].splitlines()
    assert all(re.match(r"import|from|    argv,|\)|class|    def", text) for text in above)


def test_a_long_file_reads_like_one_with_a_gap():
    body = "".join(f"        c{n} = {n}\n" for n in range(100))
    text = module(3) + f"class B(\n    A,\n):\n    x = 1\n    def f(self):\n{body}"
    made = document(text + module(3))
    line = next(n for n in range(len(made.lines)) if made.lines[n].strip() == "c90 = 90")
    prompt = window(made, parse(made), Cursor(line, 0), Budget(300, 10))
    expected = (
        "import os\nfrom sys import (\n    argv,\n)\nclass B(\n    A,\n):\n    def f(self):\n"
    )
    assert prompt.prefix.startswith(expected)
    below = prompt.prefix.removeprefix(expected)
    assert re.fullmatch(r"( {8}c\d\d = \d\d\n){16,}", below)
    assert below.endswith("c89 = 89\n")


def test_a_file_that_fits_is_shown_whole():
    made = document(module(2))
    cursor = Cursor(9, 8)
    prompt = window(made, parse(made), cursor, Budget(1000, 1000))
    assert prompt.prefix + prompt.suffix == made.lines.text()


@given(st.integers(40, 400), st.text(st.sampled_from("ab (:é"), max_size=60))
def test_typing_on_a_line_does_not_move_the_window(line, typed):
    made = document("".join(f"value_{n} = compute({n})\n" for n in range(500)))
    cursor, budget = Cursor(line, 3), Budget(600, 100)
    prompt = window(made, parse(made), cursor, budget)
    after = made.applied(Edit(Span.at(cursor), typed), 1)
    moved = Cursor(line, 3 + len(typed))
    then = window(after, parse(after), moved, budget)
    assert then.prefix == prompt.prefix + typed
    assert then.suffix == prompt.suffix


def test_lines_typed_in_a_block_of_the_grid_do_not_move_the_window():
    made = document("".join(f"value_{n} = compute({n})\n" for n in range(500)))
    cursor, budget = Cursor(321, 0), Budget(1024, 256)
    prompt = window(made, None, cursor, budget)
    for typed in range(1, 12):
        made = made.applied(Edit(Span.at(cursor), f"new_{typed} = 1\n"), typed)
        cursor = Cursor(cursor.line + 1, 0)
        then = window(made, None, cursor, budget)
        assert then.prefix.startswith(prompt.prefix)
        assert then.suffix == prompt.suffix


def test_walking_through_a_file_moves_the_window_about_once_in_sixteen_lines():
    made = document("".join(f"value_{n} = compute({n})\n" for n in range(500)))
    heads = [
        window(made, None, Cursor(line, 0), Budget(1024, 256)).prefix[:20]
        for line in range(200, 360)
    ]
    moves = sum(a != b for a, b in pairwise(heads))
    assert moves <= 2 * 160 / 16


def test_a_window_uses_most_of_its_budget():
    made = document("".join(f"value_{n} = compute({n})\n" for n in range(500)))
    for line in range(200, 260):
        prompt = window(made, None, Cursor(line, 0), Budget(1024, 256))
        assert estimated_tokens(prompt.prefix) > 0.4 * 1024
        assert estimated_tokens(prompt.suffix) > 0.9 * 256


def test_a_line_longer_than_the_budget_is_cut_at_its_far_ends():
    made = document("a\n" + "0123456789" * 100 + "\nb\n")
    prompt = window(made, parse(made), Cursor(1, 500), Budget(60, 20))
    assert ("0123456789" * 50).endswith(prompt.prefix)
    assert 120 < len(prompt.prefix) <= 180
    assert prompt.suffix == ("0123456789" * 6)
    further = window(made, parse(made), Cursor(1, 505), Budget(60, 20))
    assert further.prefix == prompt.prefix + "01234"


def test_a_file_in_windows_dress_reads_like_any_other():
    made = document("\ufeffimport os\r\nx = '\u202ea\u2066'\r\ny\rz\r\n")
    prompt = window(made, parse(made), Cursor(1, 0), Budget(100, 100))
    assert prompt.prefix == "import os\n"
    assert prompt.suffix == "x = 'a'\ny\nz\n"


def test_characters_of_no_width_are_left_out():
    made = document("x = 'a\u200db\u200c \u2060c\U000e0041'\n")
    assert window(made, None, Cursor(1, 0), Budget(100, 0)).prefix == "x = 'ab c'\n"


def test_text_that_makes_more_tokens_counts_for_more():
    assert estimated_tokens("x" * 300) == 100
    assert estimated_tokens("語" * 100) > 200
    assert estimated_tokens("\U0001f600" * 100) > 300


@pytest.mark.parametrize(
    ("uri", "path", "expected"),
    [
        ("file:///a/b%20c.py", "", "b c.py"),
        ("file:///a/b.py", "a/b.py", "a/b.py"),
        ("untitled:Untitled-1", "", "untitled:Untitled-1"),
    ],
)
def test_the_model_is_told_a_name(uri, path, expected):
    made = Document.of("x", uri=uri, language="python", path=path)
    prompt = window(made, None, Cursor(0, 1), Budget(10, 10))
    assert (prompt.path, prompt.language) == (expected, "python")


@pytest.mark.parametrize(
    ("language", "head"),
    [
        (
            "python",
            "try:\n    import a\nexcept ImportError:\n    from b import (\n        c,\n    )\n",
        ),
        ("go", 'package m\n\nimport (\n\t"fmt"\n)\n'),
        ("c", "#ifndef A_H\n#define A_H\n\n#include <a.h>\n#include <b.h>\n"),
        ("typescript", "import { a } from 'a';\nimport * as b from 'b';\n"),
    ],
)
def test_imports_are_found_where_languages_put_them(language, head):
    filler = "".join(f"// {n}\n" if language != "python" else f"# {n}\n" for n in range(300))
    made = document(head + filler, language)
    prompt = window(made, parse(made), Cursor(250, 0), Budget(300, 0))
    above = re.split(r"// |# (?=\d)", prompt.prefix)[0]
    importing = [
        line for line in head.splitlines() if re.search(r"import|include|package|c,|[()]|\"", line)
    ]
    assert above.splitlines() == importing
