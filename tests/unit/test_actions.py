"""Code actions: what is left of what a model wrote, and that nothing else of a file changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.actions.arguments import Closing
from slm_lsp.actions.frame import ActionContext, replaced
from slm_lsp.actions.registry import ACTIONS
from slm_lsp.completion.generate import Draft
from slm_lsp.errors import ActionRefused
from slm_lsp.syntax.functions import function_at
from slm_lsp.syntax.holes import sound
from slm_lsp.text.document import Span
from tests.unit.marked import document, marked

BODY = "def f(a, b):\n    pass\n\n\nx = 1\n"
BARE = "def f(a, b):\n    return a + b\n\n\nx = 1\n"


def texts(name: str, text: str, written: str, reason: str = "stop") -> list[str]:
    """Return what a file becomes with each of the texts that are offered, the best first."""
    made, syntax, cursor = marked(f"{text[:4]}|{text[4:]}")
    assert syntax is not None
    frame = ACTIONS[name].find(ActionContext(syntax, Span.at(cursor)))
    assert frame is not None
    found = frame.texts(Draft([], written, reason))
    return ["".join(replaced(made, frame.span, one).lines) for one in found]


@pytest.mark.parametrize(
    ("written", "reason", "left"),
    [
        ("a = b\n    return a", "stop", "a = b\n    return a"),
        ("a = b\n    return a\n    b = a", "stop", "a = b\n    return a"),
        ("if a:\n        return b\n    return a", "stop", "if a:\n        return b\n    return a"),
        ("f(a)\n    f(a)\n    f(a)", "stop", "f(a)"),
        ("f(a)\n    for b in a:", "stop", "f(a)"),
        ("f(a)\n    # next", "stop", "f(a)"),
        ("f(a)\n    f(b)\n    f(c", "length", "f(a)\n    f(b)"),
        ('"""Doc."""\n    f(a)', "stop", '"""Doc."""\n    f(a)'),
        ("return f(\n        a,\n    )", "stop", "return f(\n        a,\n    )"),
    ],
)
def test_a_body_ends_before_it_goes_wrong(written, reason, left):
    assert texts("body", BODY, written, reason)[0] == BODY.replace("pass", left)


@pytest.mark.parametrize("written", ["", "\n", "# nothing", '"""Doc."""'])
def test_a_body_that_says_nothing_is_none(written):
    assert texts("body", BODY, written) == []


def test_another_placeholder_is_refused():
    with pytest.raises(ActionRefused, match="placeholder"):
        texts("body", BODY, "pass")


@pytest.mark.parametrize(
    ("written", "reason", "left"),
    [
        ("Add.", "stop", "Add."),
        ("  Add.  ", "stop", "Add."),
        ("Add. And mo", "length", "Add."),
        ("Add.\n\n    :param a: one\n    ", "stop", "Add.\n\n    :param a: one\n    "),
        ("Add.\n\n    :param c: one\n    ", "stop", "Add."),
        ("Add.\n\n    Args:\n        c: one\n    ", "stop", "Add."),
    ],
)
def test_a_docstring_says_nothing_false(written, reason, left):
    [made] = texts("docstring", BARE, written, reason)
    assert made == BARE.replace(":\n", f':\n    """{left}"""\n', 1)


@pytest.mark.parametrize("written", ["", "  ", ":param a: x", 'Ends in "', "Ends in \\", "More"])
def test_a_docstring_that_cannot_be_is_refused(written):
    reason = "length" if written == "More" else "stop"
    with pytest.raises(ActionRefused):
        texts("docstring", BARE, written, reason)


@given(st.text(st.sampled_from("ab .:\n\\\"'@\u202e🐍(#"), max_size=40))
def test_a_docstring_is_all_that_changes(written):
    try:
        [made] = texts("docstring", BARE, written)
    except ActionRefused:
        return
    assert made.startswith('def f(a, b):\n    """')
    assert made.endswith('"""\n    return a + b\n\n\nx = 1\n')
    assert sound(document(made))
    _, syntax, cursor = marked(f"|{made}")
    assert syntax is not None
    function = function_at(syntax, cursor)
    assert function is not None
    assert function.documented
    assert len(function.statements) == 1


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (" int, b: int)", "stop"),
        (" int, b: str) -> bool:", "stop"),
        (" list[int], b: dict[str, x]) -> None", "stop"),
    ],
)
def test_hints_that_fit(written, reason):
    [made] = texts("hints", BARE, written, reason)
    assert made == f"def f(a:{written.rstrip(':')}:" + BARE.removeprefix("def f(a, b):")


@pytest.mark.parametrize(
    ("written", "reason", "why"),
    [
        (" int, c: int)", "stop", "parameters"),
        (" int)", "stop", "parameters"),
        (" int, b: int = 1)", "stop", "parameters"),
        (" int, b: Unknown)", "stop", "Unknown"),
        (" int, b: int", "length", "signature"),
        (" int, b: int):\n    import os", "stop", "signature"),
    ],
)
def test_hints_that_do_not(written, reason, why):
    with pytest.raises(ActionRefused, match=why):
        texts("hints", BARE, written, reason)


@pytest.mark.parametrize(
    ("written", "end"),
    [
        ("1)", 1),
        ("f(1), [2])", 9),
        ('")", a)', 6),
        ("'\\')', a) + 1", 8),
        ("f(1", None),
        ("", None),
    ],
)
def test_arguments_end_with_their_bracket(written, end):
    assert Closing(("\n",)).end(written) == end
