"""What the model gets to see of a document: whole lines around the cursor, under a budget.

The engine keeps what it has read, as long as the prompt begins as it did before. So the first line
of the window sits on a grid, and typing does not move it: it depends on the lines above the
cursor's block of the grid, and room is kept free for what is typed inside that block.

What the model sees of a notebook besides the cell: the cells above, nearest first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec

from slm_lsp.context.secrets import masked_around
from slm_lsp.inference.protocol import Prompt
from slm_lsp.syntax.outline import outline_lines
from slm_lsp.text.document import visible
from slm_lsp.text.lines import content_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.syntax.tree import Syntax
    from slm_lsp.text.document import Cursor, Document

GRID_LINES = 16
"""The window begins at a multiple of this, so it moves about once in as many lines."""

CHARACTERS_PER_TOKEN = 3.0
"""Characters of ASCII code taken for one token.

The tokenizer of SmolLM2 makes 3.7 of Python, 3.4 of JavaScript and 2.8 of C headers in the median
stretch of 50 lines, 2.5, 2.6 and 1.7 in the densest twentieth.
"""

NON_ASCII_COST = 3
"""ASCII characters that every further byte of a character in UTF-8 counts as.

The same tokenizer needs 0.8 tokens for a Cyrillic letter, 1.4 for a Chinese character, 1.9 for a
Japanese one, 2.7 for a Korean one and 3 for an emoji; this makes it 1.3, 2.3 and 3.3.
"""

OUTLINE_SHARE = 4
"""A window that does not reach the file's start spends at most one in so many tokens above it."""

BLOCK_SHARE = 8
"""Room for the lines above the cursor in its block comes in steps of one in so many tokens."""

LINE_SHARE = 16
"""Room for the cursor's own line comes in steps of one in so many tokens."""

SHORT_STEP = GRID_LINES // 4
"""The grid where even the cursor's block is too long for the budget."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many tokens, as estimated here, the model may read before and after the cursor."""

    prefix_tokens: int
    suffix_tokens: int


def window(
    document: Document, syntax: Syntax | None, cursor: Cursor, budget: Budget, above: str = ""
) -> Prompt:
    """Return what the model reads to complete `document` at `cursor`.

    The prefix ends with the text before the cursor and the suffix begins with the text after it;
    whole lines follow on either side as far as `budget` allows, and a cursor's line that is longer
    than the budget is cut at its far ends. Above a window that begins inside the file stand the
    file's imports and the signatures of what encloses the window's first line. Lines end in a
    line feed, invisible characters that disguise text are left out, and secrets are masked. Lines
    from other files go `above` all that, as they are.
    """
    prefix, suffix = masked_around(
        _prefix(document, syntax, cursor, _room(budget.prefix_tokens)),
        _suffix(document, cursor, _room(budget.suffix_tokens)),
    )
    path = document.path or unquote(document.uri.rsplit("/", 1)[-1])
    return Prompt(path, document.language, above + prefix, suffix, document.repository)


def estimated_tokens(text: str) -> float:
    """Estimate how many tokens `text` makes; the server has no tokenizer."""
    return _cost(text) / CHARACTERS_PER_TOKEN


def _prefix(document: Document, syntax: Syntax | None, cursor: Cursor, room: int) -> str:
    own = document.before(cursor)
    if _cost(own) > room:
        return visible(_tail(own, room))
    first = _first_line(document, cursor, room)
    body = "".join(_line(document, line) for line in range(first, cursor.line)) + visible(own)
    if first == 0:
        return body
    left = min(room // OUTLINE_SHARE, room - _cost(body))
    return "".join(_outline(document, syntax, first, left)) + body


def _first_line(document: Document, cursor: Cursor, room: int) -> int:
    """Return where the window begins; from there to the cursor costs at most `room`."""
    anchor = cursor.line - cursor.line % GRID_LINES
    line, block = _cost(document.before(cursor)), _between(document, anchor, cursor.line)
    if line + block > room:
        return _short_first_line(document, cursor, room)
    left = room - _step_up(block, room // BLOCK_SHARE) - _step_up(line, room // LINE_SHARE)
    first = below_outline = anchor
    while first > 0 and left >= 0:
        left -= _between(document, first - GRID_LINES, first)
        if left >= 0:
            first -= GRID_LINES
        if left >= room // OUTLINE_SHARE:
            below_outline = first
    return 0 if first == 0 else below_outline


def _step_up(cost: int, step: int) -> int:
    """Return `cost` rounded up to whole steps, of which it takes at least one."""
    return max(1, -(-cost // max(1, step))) * max(1, step)


def _short_first_line(document: Document, cursor: Cursor, room: int) -> int:
    first = cursor.line
    room -= _cost(document.before(cursor))
    for line in range(cursor.line - 1, -1, -1):
        room -= _cost(document.lines[line])
        if room < 0:
            break
        if line % SHORT_STEP == 0:
            first = line
    return first


def _outline(document: Document, syntax: Syntax | None, first: int, room: int) -> list[str]:
    """Return the lines to stand above line `first`: signatures before imports if room is short."""
    signatures, imports = outline_lines(document, syntax, first)
    chosen: list[int] = []
    for line in [*signatures, *imports]:
        room -= 0 if line in chosen else _cost(document.lines[line])
        if room < 0:
            break
        chosen.append(line)
    return [_line(document, line) for line in sorted(set(chosen))]


def _suffix(document: Document, cursor: Cursor, room: int) -> str:
    rest = document.after(cursor)
    if _cost(rest) >= room:
        return visible(_head(rest, room))
    parts = [rest]
    room -= _cost(rest)
    for line in range(cursor.line + 1, len(document.lines)):
        # Each line brings the terminator of the one above it.
        room -= _cost(document.lines[line]) + 1
        if room < 0:
            break
        parts.append(document.lines[line][: content_length(document.lines[line])])
    return visible("\n".join(parts))


def _room(tokens: int) -> int:
    """Return the cost in characters that `tokens` allow."""
    return int(tokens * CHARACTERS_PER_TOKEN)


def _cost(text: str) -> int:
    if text.isascii():
        return len(text)
    return len(text) + NON_ASCII_COST * (len(text.encode()) - len(text))


def _between(document: Document, start: int, end: int) -> int:
    return sum(map(_cost, document.lines.slice(start, end)))


def _line(document: Document, number: int) -> str:
    line = document.lines[number]
    return visible(line[: content_length(line)]) + "\n"


def _tail(text: str, room: int) -> str:
    """Return an end of `text` that costs at most `room` and begins on a grid of its own."""
    start = len(text) - len(_head(text[: -room - 1 : -1], room))
    step = max(1, room // OUTLINE_SHARE)
    return text[-(-start // step) * step :]


def _head(text: str, room: int) -> str:
    """Return as much of the start of `text` as costs at most `room`."""
    text = text[:room]
    if text.isascii():
        return text
    for end, character in enumerate(text):
        room -= _cost(character)
        if room < 0:
            return text[:end]
    return text


STEP_SHARE = 8
"""Room for the cell itself comes in steps of one in so many tokens: within a step, typing leaves
the first line of what the model reads where it is."""


def with_cells(prompt: Prompt, above: Sequence[Document], budget: Budget) -> Prompt:
    """Return `prompt` with as many lines of the cells `above` as its budget has left.

    The cost grows with the budget, not with the notebook.
    """
    step = max(1, budget.prefix_tokens // STEP_SHARE)
    own = int(estimated_tokens(prompt.prefix) // step + 1) * step
    room = (budget.prefix_tokens - own) * CHARACTERS_PER_TOKEN
    lines: list[str] = []
    for cell in reversed(above):
        for number in range(len(cell.lines) - 1, -1, -1):
            line = cell.lines[number]
            text = visible(line[: content_length(line)]) + "\n"
            room -= estimated_tokens(text) * CHARACTERS_PER_TOKEN
            if room < 0:
                return _put_above(prompt, lines)
            lines.append(text)
    return _put_above(prompt, lines)


def _put_above(prompt: Prompt, lines: list[str]) -> Prompt:
    prefix, suffix = masked_around("".join(reversed(lines)) + prompt.prefix, prompt.suffix)
    return msgspec.structs.replace(prompt, prefix=prefix, suffix=suffix)
