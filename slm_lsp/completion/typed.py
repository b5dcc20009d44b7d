"""Telling what was typed since an earlier request, if that is all that happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.text import unix

if TYPE_CHECKING:
    from slm_lsp.completion.request import Request
    from slm_lsp.engine.protocol import Prompt

MAX_LINES = 20
"""Lines typed on at the most; more was pasted, and no answer is as long."""


def typed_since(before: Request, prompt: Prompt, now: Request, prompt_now: Prompt) -> str | None:
    """Return what was typed between two requests, which the model saw as their prompts.

    None where anything else changed within the windows, or the cursor moved otherwise.
    """
    typed = between(before, now)
    return typed if typed is not None and same_windows(prompt, prompt_now, typed) else None


def between(before: Request, now: Request) -> str | None:
    """Return what stands between the cursors of two requests: typed, if nothing else changed.

    None where the second cursor is not behind the first, or far from it.
    """
    document, start, end = now.document, before.cursor, now.cursor
    if (
        (before.document.uri, before.cells) != (document.uri, now.cells)
        or not start <= end
        or end.line - start.line > MAX_LINES
        or start.line >= len(document.lines)
    ):
        return None
    if start.line == end.line:
        return document.lines[end.line][start.column : end.column]
    first, *whole = document.lines.slice(start.line, end.line)
    return first[start.column :] + "".join(whole) + document.before(end)


def same_around(before: Request, now: Request) -> bool:
    """Tell whether two documents differ only in what stands between the cursors.

    Costs microseconds at any length of the file, and needs neither window nor tree.
    """
    old, new = before.document, now.document
    start, end = before.cursor, now.cursor
    return (
        len(old.lines) - start.line == len(new.lines) - end.line
        and old.before(start) == new.lines[start.line][: start.column]
        and old.after(start) == new.after(end)
        and old.lines.same_around(new.lines, start.line, len(old.lines) - 1 - start.line)
    )


def same_windows(old: Prompt, new: Prompt, typed: str) -> bool:
    """Tell whether `new` is `old` with `typed` at its cursor, as far as both windows reach."""
    before = old.prefix + unix(typed)
    reach = min(len(before), len(new.prefix))
    return (old.path, old.language, old.suffix) == (new.path, new.language, new.suffix) and before[
        len(before) - reach :
    ] == new.prefix[len(new.prefix) - reach :]
