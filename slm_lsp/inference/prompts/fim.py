"""Prompt formats: how prefix and suffix are laid out for the model at hand.

SPM is suffix, prefix, middle: typing appends to it, so nothing is read twice. PSM is prefix,
suffix, middle: the suffix is read again at every key, so it is kept short. A model that was trained
for PSM alone may still read the suffix first: its hole then begins at the start of the window, and
what stands before the cursor is the beginning of its answer. A model that was not trained to fill
in gets the prefix alone. All prompts are healed at the cursor (see `healing`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from slm_lsp.inference.prompts.families import (
    PREFIX,
    SUFFIX,
    Part,
    filled,
)
from slm_lsp.inference.prompts.healing import healed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PSM_SUFFIX_TOKENS = 80
"""With PSM each key costs the suffix; 12 lines of it score as well as 20 (published benchmark)."""

LONGEST_NAME = 200
"""Code points of a path or a repository's name that the model reads, the last ones."""


READ_WITHOUT_CLOSERS = frozenset({"qwen"})
"""Families that `without_closers` was measured with; others were trained on whole suffixes."""

_CLOSERS = re.compile(r"""[)\]}"'`][)\]}"'`;:,{ \t]*(?=\n|\Z)""")


@dataclass(frozen=True, slots=True)
class Format:
    """How a model wants its prompt, in `parts`, and the tokens that an answer ends at.

    `repository` and `file` stand before them where the names are known. `family` is empty where
    only the tokens are known.
    """

    family: str
    parts: tuple[Part, ...] = (PREFIX,)
    repository: tuple[Part, ...] = ()
    file: tuple[Part, ...] = ()
    ends: frozenset[int] = frozenset()

    @property
    def order(self) -> Literal["spm", "psm", "prefix"]:
        """What comes first."""
        if SUFFIX not in self.parts:
            return "prefix"
        return "spm" if self.parts.index(SUFFIX) < self.parts.index(PREFIX) else "psm"

    @property
    def continues_text(self) -> bool:
        """Whether the prefix stands right behind a text, such as the file's name."""
        at = self.parts.index(PREFIX)
        return at > 0 and isinstance(self.parts[at - 1], str)

    def around(self, fields: Mapping[str, str]) -> tuple[Part, ...]:
        """Return all parts of a prompt with `fields`; a name that is empty is not known."""
        repository = self.repository if fields["repository"] else ()
        file = self.file if fields["path"] else ()
        return (*repository, *file, *self.parts)


@dataclass(frozen=True, slots=True)
class Layout:
    """A prompt as tokens, and the bytes its answer must begin with (already in the buffer).

    `text` is what stands before the cursor, of which a start may be left out. `ahead` are the
    tokens that were taken back: the answer may well begin with them. Where there is no `tail`, the
    next prompt goes on with them, too.
    """

    head: tuple[int, ...]
    text: tuple[int, ...]
    tail: tuple[int, ...] = ()
    forced: bytes = b""
    ahead: tuple[int, ...] = ()

    @property
    def tokens(self) -> list[int]:
        """All of it, as the model reads it."""
        return [*self.head, *self.text, *self.tail]

    def behind(self, token: int) -> Layout:
        """Return the same prompt behind `token`, the one that the model's texts start with."""
        return replace(self, head=(token, *self.head))

    def without(self, tokens: int) -> Layout:
        """Return the same prompt without the first `tokens` of its text."""
        return replace(self, text=self.text[tokens:])


def without_closers(suffix: str) -> str:
    """Return `suffix` without the closers that are all there is of its first line.

    An editor puts a closer behind the cursor with each bracket or quote that the user types. Where
    the suffix is read first, each would make the whole prompt a new one. Models write closers
    themselves, so nothing is lost: of 46 such holes none was filled otherwise (default model).
    """
    return _CLOSERS.sub("", suffix, count=1) if _CLOSERS.match(suffix) else suffix


def named(path: str, repository: str) -> dict[str, str]:
    """Return the fields of a prompt for the file at `path`; what is long is cut at its start."""
    return {"path": path[-LONGEST_NAME:], "repository": repository[-LONGEST_NAME:]}


def layout(
    form: Format,
    fields: Mapping[str, str],
    prefix: Sequence[int],
    suffix: Sequence[int],
    *,
    tokenize: Callable[[str], Sequence[int]],
    pieces: Sequence[bytes],
    room: int,
    suffix_room: int,
) -> Layout:
    """Make a prompt of at most `room` tokens, of which `suffix_room` may follow the cursor.

    What is farthest from the cursor is left out. `fields` are those of `named`.
    """
    if form.order == "psm":
        suffix_room = min(suffix_room, PSM_SUFFIX_TOKENS)
    head: list[int] = []
    tail: list[int] = []
    here = head
    for part in form.around(fields):
        if part == PREFIX:
            here = tail
        elif part == SUFFIX:
            here += suffix[:suffix_room]
        elif isinstance(part, str):
            here += tokenize(filled(part, fields))
        else:
            here.append(part)
    text, forced = healed(prefix, pieces)
    ahead = tuple(prefix[len(text) :])
    left = room - len(head) - len(tail) - len(ahead)
    return Layout(tuple(head), tuple(text[max(0, len(text) - left) :]), tuple(tail), forced, ahead)
