"""What an action asks of the model, and where in the text the answer goes.

A text in which the model has read a function before it writes about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from slm_lsp.text.document import Cursor, Document, Edit, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from slm_lsp.completion.generate import Draft
    from slm_lsp.completion.stop import Stop
    from slm_lsp.inference.protocol import Chat
    from slm_lsp.syntax.functions import Function
    from slm_lsp.syntax.tree import Syntax


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What another tool says about `span`."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class ActionContext:
    """Where an action is wanted, and what for.

    `selection` is in the document of `syntax`; it is empty where nothing is selected. `instruction`
    is what somebody typed for the model.
    """

    syntax: Syntax
    selection: Span
    diagnostic: Diagnostic | None = None
    instruction: str = ""

    @property
    def cursor(self) -> Cursor:
        """Where the selection starts."""
        return self.selection.start


@dataclass(frozen=True, slots=True)
class Gap:
    """The model writes at `cursor` of `document`, which need not be a text that anybody sees."""

    document: Document
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Frame:
    """What the model is asked for, and what becomes of it.

    The model fills the gap or does the task until `stop`. `texts` makes what replaces `span` of the
    editor's document, with line feeds, from what the model wrote: what is best first, or nothing.
    It raises ActionRefused to say why.
    """

    title: str
    asks: Gap | Chat
    stop: Stop
    span: Span
    texts: Callable[[Draft], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Action:
    """A kind of edit. `find` returns its frame at a place, or None where it makes no sense.

    Only a model that follows instructions can do one that `chats`.
    """

    name: str
    find: Callable[[ActionContext], Frame | None]
    base: Literal["refactor.rewrite.", "quickfix.", ""] = "refactor.rewrite."
    chats: bool = False

    @property
    def kind(self) -> str:
        """What the protocol calls it."""
        return f"{self.base}slm-lsp.{self.name}"


def behind(start: Cursor, text: str) -> Cursor:
    """Return the place behind `text`, once it is inserted at `start`."""
    rows = text.split("\n")
    if len(rows) == 1:
        return Cursor(start.line, start.column + len(text))
    return Cursor(start.line + len(rows) - 1, len(rows[-1]))


def replaced(document: Document, span: Span, text: str) -> Document:
    """Return `document` with `text`, which has line feeds, in place of `span`."""
    return document.applied(Edit(span, document.with_line_endings(text)), document.version)


ABOVE_LINES = 200
"""How much text above the function is in it."""


def again(document: Document, function: Function, lead: str) -> Gap:
    """Return what stands above `function`, the function, then `lead`, and a gap behind that.

    What is written about a function stands before its body, and the model reads from the start.
    """
    line = function.header.start.line
    start = Cursor(max(0, line - ABOVE_LINES), 0)
    read = document.unix_text_in(Span(start, function.whole.end))
    text = f"{read}\n\n\n{lead}"
    empty = Document.of("", uri=document.uri, language=document.language, path=document.path)
    place = Cursor(0, 0)
    return Gap(replaced(empty, Span.at(place), text), behind(place, text))


def header_text(document: Document, function: Function) -> str:
    """Return the header of `function` with its indentation and what stands before it there."""
    start = Cursor(function.header.start.line, 0)
    return document.unix_text_in(Span(start, function.header.end))
