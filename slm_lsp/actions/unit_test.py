"""Writes a unit test for a function."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from slm_lsp.actions.frame import Action, Frame
from slm_lsp.actions.instructed import (
    FENCE,
    MAX_LINES,
    code_chat,
    whole_lines,
)
from slm_lsp.completion.postprocess import without_circles
from slm_lsp.errors import ActionRefused
from slm_lsp.syntax.functions import function_at
from slm_lsp.text.document import Cursor, Span, visible
from slm_lsp.text.lines import content_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.actions.frame import ActionContext
    from slm_lsp.completion.generate import Draft
    from slm_lsp.syntax.functions import Function


@dataclass(frozen=True, slots=True)
class Form:
    """How a test begins, with the function's name for NAME or, in capitals, for Name; and ends."""

    head: str
    tail: str = ""

    def named(self, name: str) -> str:
        """Return the head for a function called `name`."""
        capital = name[:1].upper() + name[1:]
        return self.head.replace("NAME", name).replace("Name", capital)


_STRING = re.compile(r"([\"'`]).*?\1")

_SCRIPT = Form('test("NAME", () => {\n  ', "\n});")
FORMS = {
    "python": Form("def test_NAME():\n    "),
    "javascript": _SCRIPT,
    "typescript": _SCRIPT,
    "go": Form("func TestName(t *testing.T) {\n\t", "\n}"),
    **dict.fromkeys(("c", "cpp"), Form("void test_NAME(void) {\n    ", "\n}")),
    "rust": Form("#[test]\nfn test_NAME() {\n    ", "\n}"),
}
"""By language; in others nobody could say where a test belongs."""


def find(place: ActionContext) -> Frame | None:
    """Offer a test below everything else for the function of its own whose header is at `place`."""
    syntax, document = place.syntax, place.syntax.document
    form, function = FORMS.get(document.language), function_at(syntax, place.cursor)
    if form is None or function is None or not function.name or function.header.start.column:
        return None
    lines = function.whole.end.line - function.whole.start.line
    if not function.header_on(place.cursor.line) or lines >= MAX_LINES:
        return None
    code = document.unix_text_in(whole_lines(document, function.whole))
    head = form.named(function.name)
    last = len(document.lines) - 1
    end = Cursor(last, content_length(document.lines[last]))
    gap = "" if not end.column else "\n"
    return Frame(
        f"Write a test for {function.name}",
        code_chat(document, f"Write a short unit test for `{function.name}`.", code, head),
        FENCE,
        Span.at(end),
        partial(_texts, f"{gap}\n\n{head}", form.tail, function),
    )


def _texts(lead: str, tail: str, function: Function, draft: Draft) -> Iterator[str]:
    """Yield the test, with as much of what was written as makes one, ever less."""
    rows = without_circles(visible(draft.text)).rstrip().split("\n")
    if draft.cut:
        rows.pop()
    closing = tail.strip()
    own = next((at for at, row in enumerate(rows) if closing and row.rstrip() == closing), None)
    rows = rows[:own]
    for end in range(len(rows), 0, -1):
        body = "\n".join(rows[:end]).rstrip()
        if f"{function.name}(" not in body:
            raise ActionRefused(f"The model's test does not call {function.name}.")
        if missing := _without_value(function, body):
            raise ActionRefused(f"The model's test gives {missing} no value.")
        yield f"{lead}{body}{tail}\n"


def _without_value(function: Function, body: str) -> str:
    """Return a parameter that a test passes by its name alone, as small models do."""
    before, call, after = _STRING.sub('""', body).partition(f"{function.name}(")
    for name in function.parameters:
        by_name = rf"(?<![\w.]){re.escape(name)}\b(?!\s*(?::|=(?!=)))"
        if re.search(by_name, call + after) and not re.search(rf"\b{re.escape(name)}\b", before):
            return name
    return ""


TEST = Action("test", find, chats=True)
