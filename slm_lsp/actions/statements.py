"""What is left of the statements that a model wrote into a gap."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from slm_lsp.completion.tidy import without_circles, without_following
from slm_lsp.context.functions import PLACEHOLDER
from slm_lsp.context.place import indentation
from slm_lsp.errors import ActionRefused
from slm_lsp.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slm_lsp.completion.generate import Draft
    from slm_lsp.context.language_table import Language

_LEAVES = re.compile(r"(?:return|raise|throw)\b|panic[!(]")
"""How a statement begins that leaves its function."""


def statements(
    language: Language, indent: str, lead: str, tail: str, draft: Draft, *, below: str = ""
) -> Iterator[str]:
    """Yield what the model wrote, and then its starts, between `lead` and `tail`.

    None is left open, goes on behind its own end, repeats the line `below`, or keeps it from being
    reached. Raises ActionRefused where it is a placeholder.
    """
    text = without_following(without_circles(visible(draft.text)), "", below)
    rows = text.split("\n")
    if draft.cut:  # the last line may be cut anywhere
        rows.pop()
    beside = bool(below.strip()) and below.lstrip()[0] not in ")]}"
    reached = beside and indentation(below) == indent
    for end in range(min(_repeats(rows), _returned(rows, indent, reached=reached)), 0, -1):
        text = "\n".join(rows[:end]).rstrip()
        if PLACEHOLDER.fullmatch(text.strip()):
            raise ActionRefused("The model wrote a placeholder, too.")
        if not _leads_on(rows[end - 1].strip(), language):
            yield lead + text + tail


def _repeats(rows: Sequence[str]) -> int:
    """Return where a line comes twice in succession: a small model would not stop there."""
    pairs = enumerate(pairwise(row.strip() for row in rows), 1)
    return next((at for at, (one, two) in pairs if len(one) > 2 and one == two), len(rows))


def _returned(rows: Sequence[str], indent: str, *, reached: bool) -> int:
    """Return where the statement after one that leaves the function begins: it is never reached.

    Where the code below has to be `reached`, the one that leaves is too much as well.
    """
    left = False
    for at, row in enumerate(rows):
        own = indent if at == 0 else indentation(row)
        if not row.strip() or own != indent or row.strip()[0] in ")]}":
            continue
        leaves = bool(_LEAVES.match(row.strip()))
        if left or (leaves and reached):
            return at
        left = leaves
    return len(rows)


def _leads_on(line: str, language: Language) -> bool:
    """Tell whether something has to follow on `line`.

    That is a blank one, a comment, the end of a docstring and what opens a block.
    """
    comment = bool(language.comment) and line.startswith(language.comment)
    opens = bool(language.block) and line.endswith((language.block, '"""'))
    return not line or comment or opens
