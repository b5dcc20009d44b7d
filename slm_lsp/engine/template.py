"""Prompts as templates: names of special tokens, plain text, and fields in braces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Part = int | str
"""A token, or text with fields in it."""

PREFIX, SUFFIX = "{prefix}", "{suffix}"
"""The fields that are texts of their own, whatever stands beside them."""

_NAME = re.compile(r"▁?<[^<>\s]+>|\[/?[A-Z]+\]")
_SPLIT = re.compile(rf"({_NAME.pattern}|{{prefix}}|{{suffix}})")
_FIELD = re.compile(r"\{(\w+)\}")


def names(template: str) -> list[str]:
    """Return the names of special tokens in `template`."""
    return _NAME.findall(template)


def parts(template: str, token: Callable[[str], int | None]) -> Iterator[Part]:
    """Yield the tokens of `template` and the texts between them.

    `token` finds a special token by its name. What a vocabulary does not have remains text.
    """
    text = ""
    for piece in _SPLIT.split(template):
        found = token(piece) if _NAME.fullmatch(piece) else None
        if found is None and piece not in (PREFIX, SUFFIX):
            text += piece
            continue
        if text:
            yield text
        yield piece if found is None else found
        text = ""
    if text:
        yield text


def filled(text: str, fields: Mapping[str, str]) -> str:
    """Return `text` with the values of `fields` in their places."""
    return _FIELD.sub(lambda field: fields[field[1]], text)
