"""Type hints that a model wrote into a header: which ones hold."""

from __future__ import annotations

import pytest

from slm_lsp.actions.frame import ActionContext
from slm_lsp.actions.type_hints import HINTS
from slm_lsp.completion.generate import Draft
from slm_lsp.errors import ActionRefused
from slm_lsp.text.document import Span
from tests.unit.marked import marked


@pytest.mark.parametrize(
    ("written", "reason", "expected"),
    [
        (" string, b): string ", "length", "did not write a signature"),
        (" string, c: number): string ", "stop", "changed the parameters"),
        (" string, b: number = 2): string ", "stop", "changed the parameters"),
        (" Strong, b: number): string ", "stop", "used Strong"),
        (" string, b: ", "stop", "did not write a signature"),
    ],
)
def test_what_is_none_is_refused(written: str, reason: str, expected: str):
    _, syntax, cursor = marked("function f(|a, b) {\n  return a;\n}\n", "typescript")
    assert syntax is not None
    frame = HINTS.find(ActionContext(syntax, Span.at(cursor)))
    assert frame is not None
    with pytest.raises(ActionRefused) as refused:
        list(frame.texts(Draft([], written, reason)))
    assert expected in str(refused.value)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("function f(|a: number): number {\n  return a;\n}\n", "typescript"),
        ("const f = (|a: number) => {\n  return a;\n};\n", "typescript"),
        ("function f(|a) {\n  return a;\n}\n", "javascript"),
        ("func f(|a int) {\n}\n", "go"),
    ],
)
def test_none_are_offered_where_none_are_missing_or_none_are_possible(text: str, language: str):
    _, syntax, cursor = marked(text, language)
    assert syntax is not None
    assert HINTS.find(ActionContext(syntax, Span.at(cursor))) is None
