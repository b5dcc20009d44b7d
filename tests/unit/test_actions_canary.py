"""No secret in the code that a task is about is read by the model."""

from __future__ import annotations

import random

import pytest

from slm_lsp.actions.frame import ActionContext, Diagnostic
from slm_lsp.actions.registry import ACTIONS
from slm_lsp.context.secrets import MASK
from slm_lsp.inference.protocol import Chat
from slm_lsp.syntax.syntax import Syntax, parse
from slm_lsp.text.document import Cursor, Span
from tests.unit.marked import document
from tests.unit.planted import KINDS, plant


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["fix", "simplify", "explain", "rewrite"])
def test_is_masked(name: str, kind: str):
    secret, text = plant(kind, random.Random(kind))
    made = document(f"x = 1\n{text}\ny = 2\n")
    syntax = parse(made)
    assert isinstance(syntax, Syntax)
    last = len(made.lines) - 1
    whole = Span(Cursor(0, 0), Cursor(last, 0))
    about = Diagnostic(Span(Cursor(1, 0), Cursor(1, 3)), f"wrong: {text}")
    frame = ACTIONS[name].find(ActionContext(syntax, whole, about, f"replace {text}"))
    assert frame is not None
    assert isinstance(frame.asks, Chat)
    said = frame.asks.task
    assert not any(line in said for line in secret.split("\n") if len(line) > 8)
    assert MASK in said
