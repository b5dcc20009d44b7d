"""How documentation is written: what each language has for it, and what a file does with it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Style:
    """How documentation is written: `mark` begins its lines between `opening` and `closing`.

    `below` tells that the text starts on the line below the opening.
    """

    opening: str
    mark: str
    closing: str
    below: bool = False

    @property
    def is_string(self) -> bool:
        """Tell whether it is the first statement of a function, and stands below its header."""
        return self.opening in _QUOTES

    def lead(self, indent: str) -> str:
        """Return what stands before the text."""
        if self.below:
            return f"{indent}{self.opening}\n{indent}{self.mark}"
        return f"{indent}{self._before_first}"

    def written(self, rows: Sequence[str], indent: str) -> str:
        """Return the documentation whose text is `rows`, with line feeds, none at its end."""
        first, *rest = rows
        lines = [*f"{self.lead(indent)}{first}".split("\n")]
        lines += [f"{indent}{self.mark}{row}" for row in rest]
        if self.closing and (rest or self.below):
            lines.append(indent + self.closing)
        elif self.closing:
            lines[0] += self.closing
        return "\n".join(line.rstrip() for line in lines)

    @property
    def _before_first(self) -> str:
        if not self.opening:
            return self.mark
        return self.opening if self.is_string else f"{self.opening} "


_QUOTES = ('"""', "'''")
STRING = Style('"""', "", '"""')
BLOCK = Style("/**", " * ", " */", below=True)
SLASHES = Style("", "/// ", "")
COMMENT = Style("", "// ", "")

STYLES = {
    "python": STRING,
    "go": COMMENT,
    "rust": SLASHES,
    "swift": SLASHES,
    "dart": SLASHES,
    **dict.fromkeys(
        ("javascript", "javascriptreact", "typescript", "typescriptreact", "java", "php", "scala"),
        BLOCK,
    ),
    **dict.fromkeys(("c", "cpp"), BLOCK),
}
"""By the editor's language id: what is written where the file shows no other."""

_STRING_OPENS = re.compile(r":[^\S\n]*(?:#.{0,99})?\n[^\S\n]*[rRuU]?(\"\"\"|''')(.*)")
_COMMENT_OPENS = re.compile(
    r"^[^\S\n]*(?:(/\*\*)(?![*/])(.*)|(///)(?!/).*(?:\n[^\S\n]*///.*)*)", re.MULTILINE
)

_MARKS = re.compile(r"^[^\S\n]*(?:\*(?=\s)|///?)[^\S\n]?", re.MULTILINE)
_NAMED = re.compile(
    r"^[^\S\n]*(?::param\s+(?:[\w\[\], ]+\s)?(\w+):|[@\\]param\s+(?:\{[^}]*\}\s*)?\[?[$]?(\w+))",
    re.MULTILINE,
)
_PARAMETERS = re.compile(
    r"^[^\S\n]*(?:#+[^\S\n])?(?:Args|Arguments|Parameters):?[^\S\n]*$(?:\n\s*-{3,}[^\S\n]*$)?\s*?\n",
    re.MULTILINE,
)
_ENTRY = re.compile(
    r"\s*(?:[*-]\s)?(\*{0,2}`?\w+`?(?:, \*{0,2}\w+)*)\s*(?:\([^)]*\))?\s*(?::|-\s|$)"
)
_FORMS = {
    "Google": re.compile(
        r"^[^\w\n]*(?:Args|Arguments|Returns|Raises|Yields):[^\S\n]*$", re.MULTILINE
    ),
    "NumPy": re.compile(
        r"^[^\w\n]*(?:Parameters|Returns|Raises|Yields)[^\S\n]*\n[^\w\n]*-{3,}[^\S\n]*$",
        re.MULTILINE,
    ),
    "reST": re.compile(r"^[^\w\n]*:(?:param|returns?|raises|rtype)\b", re.MULTILINE),
    "tags": re.compile(r"^[^\w\n]*[@\\](?:param|returns?|throws)\b", re.MULTILINE),
    "Markdown": re.compile(
        r"^[^\w\n#]*#{1,6}[^\S\n](?:Arguments|Returns|Errors|Panics|Examples)[^\S\n]*$",
        re.MULTILINE,
    ),
}
"""How the sections of documentation begin in each of the forms that tools know."""


def style_in(text: str, language: str) -> Style | None:
    """Return the style of most documentation in `text`, which has line feeds.

    Without any it is the language's usual one; None for a language that has none.
    """
    style = STYLES.get(language)
    match style:
        case Style(is_string=True):
            found = Counter((mark, not rest.strip()) for mark, rest in _STRING_OPENS.findall(text))
            if found:
                [((mark, below), _)] = found.most_common(1)
                return replace(style, opening=mark, closing=mark, below=below)
        case Style(opening="/**"):
            opened = _COMMENT_OPENS.findall(text)
            found = Counter(
                (block or line, not rest.strip(" *"))
                for block, rest, line in opened
                if not rest.lstrip().startswith("@")  # a type in place of a language's own
            )
            if found:
                [((mark, below), _)] = found.most_common(1)
                return replace(style, below=below) if mark == BLOCK.opening else SLASHES
    return style


def forms_in(text: str) -> frozenset[str]:
    """Return the names of the forms that sections of documentation in `text` have."""
    return frozenset(name for name, begins in _FORMS.items() if begins.search(text))


def named_parameters(text: str) -> list[str]:
    """Return the names that the documentation `text` says are parameters."""
    text = _MARKS.sub("", text)
    named = [name for pair in _NAMED.findall(text) for name in pair if name]
    if section := _PARAMETERS.search(text):
        rows = text[section.end() :].strip("\n").split("\n\n")[0].split("\n")
        margin = min(len(row) - len(row.lstrip()) for row in rows)
        entries = (_ENTRY.match(row) for row in rows if row[margin : margin + 1].strip())
        named += [name.strip("*` ") for it in entries if it for name in it[1].split(",")]
    return named
