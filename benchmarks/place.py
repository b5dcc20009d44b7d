"""What llama.vim sends about the place where the caret stands, and what it shows there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PREFIX_LINES, SUFFIX_LINES = 256, 64


@dataclass(frozen=True, slots=True)
class Context:
    """What is sent about a place. `indent` counts blanks, `rest` is what follows in the line."""

    prefix: str
    middle: str
    suffix: str
    indent: int
    rest: str


@dataclass(frozen=True, slots=True)
class Place:
    """The lines of a buffer and the caret in them, counted from 0."""

    lines: Sequence[str]
    row: int
    column: int

    @classmethod
    def at(cls, text: str, caret: int) -> Place:
        """Return the place at the offset `caret` of `text`."""
        before = text[:caret]
        return cls(text.split("\n"), before.count("\n"), caret - before.rfind("\n") - 1)

    def context(self) -> Context:
        """Return what a request for this place contains."""
        line = self.lines[self.row]
        before, rest = line[: self.column], line[self.column :]
        if not line.strip():
            before, rest = "", ""
        indent = len(line) - len(line.lstrip()) if line.strip() else 0
        return self._context(self.lines[self._first(0) : self.row], before, rest, indent)

    def accepted(self, shown: Sequence[str], indent: int) -> Context:
        """Return the context there would be after accepting the lines `shown`."""
        first, *others = shown
        written = [self.lines[self.row] + first, *others]
        above = [*self.lines[self._first(len(others)) : self.row], *written[:-1]]
        return self._context(above, written[-1], "", indent)

    def _first(self, added: int) -> int:
        return max(0, self.row - PREFIX_LINES + added)

    def _context(self, above: Sequence[str], before: str, rest: str, indent: int) -> Context:
        below = self.lines[self.row + 1 : self.row + 1 + SUFFIX_LINES]
        prefix = "\n".join(above) + "\n"
        return Context(prefix, before, "\n".join([rest, *below]) + "\n", indent, rest)


def rendered(answer: str, place: Place) -> list[str]:
    """Return the lines that are shown of `answer`; a single empty one where it only repeats."""
    shown = answer.rstrip("\n").split("\n")
    line, below = place.lines[place.row], place.lines[place.row + 1 :]
    if not line.strip():
        blanks = min(len(shown[0]) - len(shown[0].lstrip()), len(line))
        line, shown[0] = shown[0][:blanks], shown[0][blanks:]
    before, rest = line[: place.column], line[place.column :]
    if _repeats(shown, before, rest, below):
        shown = [""]
    return [*shown[:-1], shown[-1] + rest]


def _repeats(shown: Sequence[str], before: str, rest: str, below: Sequence[str]) -> bool:
    first, *others = shown
    if others and not first and others == list(below[: len(others)]):
        return True
    if not others and first == rest:
        return True
    number = next((n for n, line in enumerate(below) if line.strip()), len(below))
    if below[number : number + 1] != [before + first]:
        return False
    following = list(below[number + 1 : number + 1 + len(others)])
    if len(others) == 1:
        return bool(following) and following[0].startswith(others[0])
    return others == following
