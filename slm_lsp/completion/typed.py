"""Telling what was typed since an earlier request, if that is all that happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slm_lsp.completion.request import Request
    from slm_lsp.engine.protocol import Prompt
    from slm_lsp.text import Cursor, Document

MAX_LINES = 20
"""Lines typed on at the most; more was pasted, and no answer is as long."""


def typed_since(before: Request, prompt: Prompt, now: Request, prompt_now: Prompt) -> str | None:
    """Return what was typed between two requests, which the model saw as their prompts.

    None where anything else changed within the windows, or the cursor moved otherwise.
    """
    if before.document.uri != now.document.uri:
        return None
    typed = _between(now.document, before.cursor, now.cursor)
    if typed is None or not _same_place(prompt, prompt_now, typed):
        return None
    return typed


def typed_on(before: Request, now: Request) -> str | None:
    """Return what was typed between two requests, where nothing else in the document changed.

    Costs microseconds at any length of the file, and needs neither window nor tree.
    """
    old, new = before.document, now.document
    start, end = before.cursor, now.cursor
    if old.uri != new.uri or (typed := _between(new, start, end)) is None:
        return None
    same = (
        old.before(start) == new.lines[start.line][: start.column]
        and old.after(start) == new.after(end)
        and old.lines.same_around(new.lines, start.line, len(old.lines) - 1 - start.line)
        and len(old.lines) - start.line == len(new.lines) - end.line
    )
    return typed if same else None


def _between(document: Document, start: Cursor, end: Cursor) -> str | None:
    if not start <= end or end.line - start.line > MAX_LINES or start.line >= len(document.lines):
        return None
    if start.line == end.line:
        return document.lines[end.line][start.column : end.column]
    first, *whole = document.lines.slice(start.line, end.line)
    return first[start.column :] + "".join(whole) + document.before(end)


def _same_place(old: Prompt, new: Prompt, typed: str) -> bool:
    """Tell whether `new` is `old` with `typed` at its cursor, as far as both windows reach."""
    before = old.prefix + typed.replace("\r\n", "\n")
    reach = min(len(before), len(new.prefix))
    return (old.path, old.language, old.suffix) == (new.path, new.language, new.suffix) and before[
        len(before) - reach :
    ] == new.prefix[len(new.prefix) - reach :]
