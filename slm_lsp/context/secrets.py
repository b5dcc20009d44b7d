"""Secrets do not get into a prompt: files of them are not read, others are masked.

A mask says nothing about what it hides, not even its length. So a secret that is being typed keeps
the prompt as it is, and the engine has nothing new to read.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from slm_lsp.context.secret_table import (
    KINDS,
    LONG_BASE64,
    NAMED,
    NAMES,
    PLACES,
    PRIVATE_KEY,
    SAMPLES,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MASK = "<SECRET>"
"""What stands in a prompt in place of a secret."""

_ANCHOR = re.compile("|".join(re.escape(anchor) for kind in KINDS for anchor in kind.anchors))
_NAME_ANCHORS = tuple({anchor: None for named in NAMED for anchor in named.anchors})
"""Nearly every line has none of them, which costs less to find out at once than kind by kind."""

REMEMBERED_LINES = 4096
"""Lines whose secrets are known: between two keys nearly all of a window stays the same."""


def is_secret_file(path: str) -> bool:
    """Tell whether the file at `path` is one that holds secrets, by its name and folder alone.

    `path` may be absolute or relative, with slashes of either kind. Public keys and files like
    `.env.example` are not secret.
    """
    path = path.replace("\\", "/")
    name = PurePosixPath(path).name
    if name.lower().endswith((*SAMPLES, ".pub")):
        return False
    return bool(NAMES.fullmatch(name) or PLACES.fullmatch(path))


def in_secret(before: str, after: str) -> bool:
    """Tell whether what is typed between `before` and `after` becomes part of a secret.

    `after` is the rest of the line. Of the lines above only a private key reaches the cursor; to
    look for others there would take seconds where somebody has a line of megabytes.
    """
    cut, line = len(before), before.rfind("\n") + 1
    found = [_extent(match) for match in PRIVATE_KEY.finditer(before + after)]
    found += [(line + start, line + end) for start, end in _in_line(before[line:] + after)]
    return any(start < cut <= end for start, end in found)


def masked(text: str) -> str:
    """Return `text` with `MASK` for each secret; lines end in a line feed."""
    return masked_around(text, "")[0]


def masked_around(before: str, after: str) -> tuple[str, str]:
    """Return `before` and `after` masked; a secret that reaches over both is hidden in both."""
    text, cut, at = before + after, len(before), 0
    head: list[str] = []
    tail: list[str] = []
    for start, end in secrets(text):
        head += [text[at : min(start, cut)], MASK if start < cut else ""]
        tail += [text[max(at, cut) : start], MASK if start >= cut else ""]
        at = end
    return "".join([*head, text[at:cut]]), "".join([*tail, text[max(at, cut) :]])


def secrets(text: str) -> Iterator[tuple[int, int]]:
    """Yield from where to where secrets reach in `text`, in their order and apart."""
    found = [_extent(match) for match in PRIVATE_KEY.finditer(text)]
    at = 0
    for line in text.split("\n"):
        found += [(at + start, at + end) for start, end in _in_line(line)]
        at += len(line) + 1
    found.sort()
    for number, (start, end) in enumerate(found):
        if number + 1 < len(found) and found[number + 1][0] <= end:
            found[number + 1] = (start, max(end, found[number + 1][1]))
        else:
            yield start, end


@lru_cache(REMEMBERED_LINES)
def _in_line(line: str) -> tuple[tuple[int, int], ...]:
    return tuple(map(_extent, _matches(line))) or tuple(map(_extent, LONG_BASE64.finditer(line)))


def _extent(match: re.Match[str]) -> tuple[int, int]:
    return match.span("secret" if "secret" in match.re.groupindex else 0)


def _matches(line: str) -> Iterator[re.Match[str]]:
    for kind in KINDS if _ANCHOR.search(line) else ():
        if any(anchor in line for anchor in kind.anchors):
            yield from kind.pattern.finditer(line)
    folded = line.replace("\u0130", "i").lower()  # the only letter that grows in lower case
    for named in NAMED if any(anchor in folded for anchor in _NAME_ANCHORS) else ():
        for start in _starts(folded, named.anchors):
            if match := named.pattern.match(line, start):
                yield match


def _starts(folded: str, anchors: tuple[str, ...]) -> Iterator[int]:
    for anchor in anchors:
        at = folded.find(anchor)
        while at >= 0:
            yield at
            at = folded.find(anchor, at + 1)
