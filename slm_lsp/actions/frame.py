"""What an action asks of the model, and where in the text the answer goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.text import Cursor, Edit, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from slm_lsp.completion.generate import Draft
    from slm_lsp.completion.stop import Stop
    from slm_lsp.context.tree import Syntax
    from slm_lsp.text import Document


@dataclass(frozen=True, slots=True)
class Frame:
    """A gap for the model to fill.

    The model writes at `cursor` of `reading`, which need not be a text that anybody sees, until
    `stop`. `texts` makes what replaces `span` of the editor's document, with line feeds, from what
    the model wrote: what is best first, or nothing. It raises ActionRefused to say why.
    """

    title: str
    reading: Document
    cursor: Cursor
    stop: Stop
    span: Span
    texts: Callable[[Draft], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Action:
    """A kind of edit. `find` returns its frame at a place, or None where it makes no sense."""

    name: str
    find: Callable[[Syntax, Cursor], Frame | None]

    @property
    def kind(self) -> str:
        """What the protocol calls it."""
        return f"refactor.rewrite.slm-lsp.{self.name}"


def behind(start: Cursor, text: str) -> Cursor:
    """Return the place behind `text`, once it is inserted at `start`."""
    rows = text.split("\n")
    if len(rows) == 1:
        return Cursor(start.line, start.column + len(text))
    return Cursor(start.line + len(rows) - 1, len(rows[-1]))


def replaced(document: Document, span: Span, text: str) -> Document:
    """Return `document` with `text`, which has line feeds, in place of `span`."""
    return document.applied(Edit(span, document.with_line_endings(text)), document.version)
