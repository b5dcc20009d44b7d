"""One level of indentation, as the lines around have it."""

from __future__ import annotations

import pytest

from slm_lsp.syntax.block import indent_unit
from slm_lsp.syntax.languages import find
from slm_lsp.text.document import Document


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("if (a) {\n  b();\n}\n", "  "),
        ("if (a) {\n\tb();\n}\n", "\t"),
        ("/**\n * Says.\n */\nif (a) {\n   b();\n}\n/**\n * More.\n */\n", "   "),
        ('    {"a", b,\n     c},\n    d {\n        e\n', "    "),
        ("f(\n        a,\n);\nif (a) {\n    b();\n    if (c) {\n        d();\n", "    "),
        ("/**\n * Says.\n */\n", "  "),
        ("", "  "),
    ],
)
def test_is_the_step_most_lines_take(text: str, unit: str):
    document = Document.of(text, uri="file:///a.ts", language="typescript")
    assert indent_unit(document, find("typescript"), 0) == unit
