"""Documentation is written as the rest of the file does it, and names no parameter that is none."""

from __future__ import annotations

import pytest

from slm_lsp.actions.doc_style import forms_in, named_parameters, style_in
from slm_lsp.actions.frame import ActionContext, replaced
from slm_lsp.actions.registry import ACTIONS
from slm_lsp.completion.generate import Draft
from slm_lsp.text.document import Span
from tests.unit.marked import marked

GOOGLE = """\
    Args:
        first: what
            goes on: here
        **rest (dict): more

    Returns:
        int: nothing
"""
NUMPY = """\
    Parameters
    ----------
    first, second : int
        What: it is.
    third

    Returns
    -------
    int
"""
REST = """\
    :param first: what
    :param list[int] second: more
    :returns: nothing
"""
TAGS = """\
 * @param {string} first - what
 * @param [second=1] more
 * @param $third more
 * @returns nothing
"""
RUST = """\
    /// # Arguments
    ///
    /// * `first` - what
    /// * `second` - more
"""


@pytest.mark.parametrize(
    ("text", "form", "names"),
    [
        (GOOGLE, "Google", ["first", "rest"]),
        (NUMPY, "NumPy", ["first", "second", "third"]),
        (REST, "reST", ["first", "second"]),
        (TAGS, "tags", ["first", "second", "third"]),
        (RUST, "Markdown", ["first", "second"]),
        (" * \\\\param first what\n".replace("\\\\", "\\"), "tags", ["first"]),
    ],
    ids=["Google", "NumPy", "reST", "JSDoc", "rustdoc", "Doxygen"],
)
def test_what_the_sections_of_each_form_name(text, form, names):
    assert forms_in(f"Summary.\n\n{text}") == {form}
    assert named_parameters(f"Summary.\n\n{text}") == names


def test_code_has_no_sections():
    assert forms_in("def f(args):\n    return args\n\n\nx = {1: 2}\n") == frozenset()


FUNCTION = {
    "python": "def f(a|):\n    return a\n",
    "c": "int f(int a|) {\n  return a;\n}\n",
    "c++": "int f(int a|) {\n  return a;\n}\n",  # as Emacs calls it
    "typescript": "function f(a: number|) {\n  return a;\n}\n",
}


def documented(language: str, above: str, written: str) -> str:
    """Return what becomes of a function below `above`."""
    text = f"{above}{FUNCTION[language]}"
    made, syntax, cursor = marked(text, language)
    assert syntax is not None
    frame = ACTIONS["docstring"].find(ActionContext(syntax, Span.at(cursor)))
    assert frame is not None
    [one] = frame.texts(Draft([], written, "stop"))
    return "".join(replaced(made, frame.span, one).lines).removeprefix(above)


@pytest.mark.parametrize(
    ("language", "above", "expected"),
    [
        ("python", 'def g():\n    """Say."""\n\n\n', 'def f(a):\n    """Add."""\n    return a\n'),
        (
            "python",
            'def g():  # here\n    """\n    Say.\n    """\n\n\n',
            'def f(a):\n    """\n    Add.\n    """\n    return a\n',
        ),
        ("python", "class A:\n    r'''Say.'''\n\n\n", "def f(a):\n    '''Add.'''\n    return a\n"),
        ("c", "/// Says.\nint g();\n\n", "/// Add.\nint f(int a) {\n  return a;\n}\n"),
        ("c++", "/// Says.\nint g();\n\n", "/// Add.\nint f(int a) {\n  return a;\n}\n"),
        (
            "c",
            "/**\n * Says.\n */\nint g();\n\n",
            "/**\n * Add.\n */\nint f(int a) {\n  return a;\n}\n",
        ),
        (
            "typescript",
            "/** Says. */\nlet x = 1;\n\n",
            "/** Add. */\nfunction f(a: number) {\n  return a;\n}\n",
        ),
        (
            "typescript",
            "/** @type {number} */\nlet x = 1;\n/** @type {number} */\nlet y = 1;\n\n",
            "/**\n * Add.\n */\nfunction f(a: number) {\n  return a;\n}\n",
        ),
        (
            "typescript",
            "",
            "/**\n * Add.\n */\nfunction f(a: number) {\n  return a;\n}\n",
        ),
    ],
)
def test_looks_like_the_documentation_around_it(language, above, expected):
    assert documented(language, above, "Add.") == expected


GOOGLE_ABOVE = 'def g(b):\n    """Say.\n\n    Args:\n        b: what\n    """\n\n\n'
REST_ABOVE = 'def g(b):\n    """Say.\n\n    :param b: what\n    """\n\n\n'
WRITTEN = "Add.\n\n    Args:\n        a: what\n    "


def test_sections_in_the_form_of_the_file_are_kept():
    assert documented("python", GOOGLE_ABOVE, WRITTEN) == (
        'def f(a):\n    """Add.\n\n    Args:\n        a: what\n    """\n    return a\n'
    )


def test_sections_in_another_form_are_left_out():
    assert documented("python", REST_ABOVE, WRITTEN) == (
        'def f(a):\n    """Add."""\n    return a\n'
    )


def test_a_style_is_found_fast_in_a_hostile_text():
    for text in (":#" * 50_000, "#" * 100_000, "///\n" * 50_000, ": " * 50_000, "/**" * 50_000):
        style_in(text, "python")
        style_in(text, "c")
        forms_in(text)
        named_parameters(text)
