"""What closes what a text leaves open: brackets, words such as `end`, tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from slm_lsp.context.place import indentation

if TYPE_CHECKING:
    from slm_lsp.context.language_table import Language

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

    Only what is open at its last line's end counts. Empty where nothing is.
    """
    last = (begun + text).rpartition("\n")[2]
    indent = "\n" + indentation(last)
    if brackets := _open_brackets(text):
        closers = "".join(_CLOSING[it] for it in reversed(brackets))
        opens = language.block == "{" and brackets[-1] == "{" and last.endswith("{")
        return indent + closers if opens else ""
    for pattern, word in _WORDS.get(language.id, ()):
        if re.match(pattern, last.strip()):
            return indent + word
    return _closing_tag(text) if language.id in _TAGGED else ""


def _open_brackets(text: str) -> list[str]:
    """Return the brackets that `text` opens and does not close; those in strings do not count."""
    found: list[str] = []
    quote, escaped = "", False
    for character in text:
        if escaped:
            escaped = False
        elif quote:
            escaped = character == "\\"
            quote = "" if character in (quote, "\n") else quote
        elif character in "\"'`":
            quote = character
        elif character in _CLOSING:
            found.append(character)
        elif found and character == _CLOSING[found[-1]]:
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
