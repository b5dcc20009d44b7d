"""What closes what a text leaves open: brackets, words such as `end`, tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from slm_lsp.syntax.position import indentation

if TYPE_CHECKING:
    from slm_lsp.syntax.languages import Language

_CLOSING = {"(": ")", "[": "]", "{": "}"}

_END = r"(?:.*\b(?:then|do|function\s*[\w.:]*\([^)]*\)))\s*\Z"
_RUBY = (
    r"(?:(?:begin|case|class|def|for|if|module|unless|until|while)\b.*"
    r"|.*\bdo(?:\s*\|[^|]*\|)?)\s*\Z"
)
_JULIA = (
    r"(?:(?:mutable\s+)?(?:begin|for|function|if|let|module|struct|try|while)\b.*"
    r"|.*\bdo)\s*\Z"
)

_WORDS: dict[str, tuple[tuple[str, str], ...]] = {
    "lua": ((_END, "end"),),
    "ruby": ((_RUBY, "end"),),
    "julia": ((_JULIA, "end"),),
    "elixir": ((r".*\bdo\s*\Z", "end"),),
    "shellscript": (
        (r"(?:.*;\s*)?(?:if\b.*\s)?then\s*\Z", "fi"),
        (r".*\bdo\s*\Z", "done"),
        (r"case\b.*\bin\s*\Z", "esac"),
    ),
}
"""By language: how a line that opens a block looks, and the word that closes it."""

_TAG = re.compile(r"<(/?)([A-Za-z][\w.:-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*?)(/?)>")
_TAGGED = frozenset({"html", "vue", "svelte", "xml", "javascriptreact", "typescriptreact"})
_VOID = frozenset(
    "area base br col embed hr img input link meta source track wbr".split()  # noqa: SIM905
)


def closing(text: str, begun: str, language: Language) -> str:
    """Return what is to be added to `text`, which continues the line `begun`, to close its blocks.

    Empty where none is open, or a bracket of another kind is open within a line.
    """
    lines = (begun + text).split("\n")
    indent = "\n" + indentation(lines[-1])
    if brackets := _open_brackets(text):
        return _closing_lines(brackets, lines) if language.block == "{" else ""
    for pattern, word in _WORDS.get(language.id, ()):
        if re.match(pattern, lines[-1].strip()):
            return indent + word
    return _closing_tag(text) if language.id in _TAGGED else ""


def _closing_lines(brackets: list[tuple[str, int]], lines: list[str]) -> str:
    """Return a line for each line that has left `brackets` open, each as far in as that."""
    closers = ""
    for number in sorted({line for _, line in brackets}, reverse=True):
        opened = [bracket for bracket, line in brackets if line == number]
        if opened[-1] != "{" or not lines[number].rstrip().endswith("{"):
            return ""
        closers += f"\n{indentation(lines[number])}"
        closers += "".join(_CLOSING[it] for it in reversed(opened))
    return closers


def _open_brackets(text: str) -> list[tuple[str, int]]:
    """Return the brackets that `text` opens and does not close, each with its line's number.

    Those in strings do not count.
    """
    found: list[tuple[str, int]] = []
    line = 0
    quote, escaped = "", False
    for character in text:
        line += character == "\n"
        if escaped:
            escaped = False
        elif quote:
            escaped = character == "\\"
            quote = "" if character in (quote, "\n") else quote
        elif character in "\"'`":
            quote = character
        elif character in _CLOSING:
            found.append((character, line))
        elif found and character == _CLOSING[found[-1][0]]:
            found.pop()
    return found


def _closing_tag(text: str) -> str:
    names: list[str] = []
    for slash, name, _, empty in _TAG.findall(text):
        if slash and names and names[-1] == name:
            names.pop()
        elif not slash and not empty and name.lower() not in _VOID:
            names.append(name)
    return "".join(f"</{name}>" for name in reversed(names))
