"""Where a piece of code may end so that somebody would accept it: from its text alone.

Cheap enough to be asked at every token, where a parse is not. What it lets pass may still be
wrong for the parser; what it turns down is hardly ever worth showing.
"""

from __future__ import annotations

import re

_OPENERS, _CLOSERS = "([{", ")]}"

_COMPLETE = re.compile(r"[\w)\]}\"'`;:]\Z")
"""After an operator or a comma more has to come."""

_EXPECTING = re.compile(
    r"\b(?:and|as|async|await|case|catch|class|const|def|default|del|delete|elif|else|except|export|"
    r"extends|final|fn|for|from|func|function|global|if|implements|import|in|instanceof|is|lambda|"
    r"let|match|mut|new|nonlocal|not|or|private|protected|public|raise|return|static|struct|switch|"
    r"throw|try|type|typeof|use|using|var|void|while|with|yield)\Z"
)
"""Words of common languages that more has to follow."""


_OPERATOR = re.compile(r"(?:[=.(\[|&^%]|(?<!\+)\+|(?<!-)-|(?<![*/])\*|[^<>]<)\Z")
"""Ends no line of code; `++`, `--`, `*/` and the tags of markup do."""

_MAY_STAND_ALONE = re.compile(
    r"\b(?:return|yield|raise|throw|else|try|default|in|is|type|final|let|var|case|del|as|new|do)\Z"
)
"""Also ends lines, at least in some languages."""


_FRAGMENT = re.compile(r"\s*(?:(?:auto|const|final|let|local|mut|my|val|var)\s+)*[$@]?\w*[.!?]?")


def may_end(text: str, following: str) -> bool:
    """Tell whether `text` may end where the model goes on with `following`.

    It may not inside a word, a string or a bracket that it opened itself.
    """
    return (
        _COMPLETE.search(text) is not None
        and not splits_word(text, following)
        and not _EXPECTING.search(text)
        and not leaves_open(text)
    )


def is_fragment(line: str) -> bool:
    """Tell whether `line` is no more than a word, or a name that is declared and gets no value."""
    return _FRAGMENT.fullmatch(line) is not None


def needs_more(text: str) -> bool:
    """Tell whether `text` ends in an operator or a word that more code has to follow."""
    return _OPERATOR.search(text) is not None or (
        _EXPECTING.search(text) is not None and _MAY_STAND_ALONE.search(text) is None
    )


def splits_word(text: str, following: str) -> bool:
    """Tell whether an end between `text` and `following` is one inside a word."""
    return _is_word(text[-1:]) and _is_word(following[:1])


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def leaves_open(text: str) -> bool:
    """Tell whether `text` opens a bracket or a string that it does not close."""
    depth, quote, escaped = 0, "", False
    for character in text:
        if escaped:
            escaped = False
        elif quote:
            escaped = character == "\\"
            quote = "" if character in (quote, "\n") else quote
        elif character in "\"'`":
            quote = character
        elif character in _OPENERS:
            depth += 1
        elif character in _CLOSERS:
            depth = max(0, depth - 1)
    return depth > 0 or bool(quote)
