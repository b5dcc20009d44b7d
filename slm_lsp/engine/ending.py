"""When an answer is complete: at a stop string, at its longest, or when its time is over.

Time that is over ends an answer at a sound place, never inside a word or an open bracket.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

_EXPECTING = re.compile(
    r"\b(?:and|as|async|await|case|catch|class|const|def|default|del|delete|elif|else|except|export|"
    r"extends|final|fn|for|from|func|function|global|if|implements|import|in|instanceof|is|lambda|"
    r"let|match|mut|new|nonlocal|not|or|private|protected|public|raise|return|static|struct|switch|"
    r"throw|try|type|typeof|use|using|var|void|while|with|yield)\Z"
)
"""Words of common languages that nothing sound ends with."""

_OPENERS, _CLOSERS = "([{", ")]}"

_COMPLETE = re.compile(r"[\w)\]}\"'`;:]\Z")
"""What a piece of code that somebody can accept ends with; after an operator or a comma more has
to come."""

Reason = Literal["stop", "length", "time"]


@dataclass
class Ending:
    """Watches one answer grow.

    Once it is overdue it ends at the next sound place; after `patience_s` more seconds it is cut
    back to the last one. A patience of 0 means that there is all the time in the world.
    """

    stops: tuple[str, ...]
    max_tokens: int
    patience_s: float = 0.0
    text: str = ""
    kept: int = 0
    """Length of the text that holds (code points), once `add` returned a reason."""
    _tokens: int = field(default=0, init=False)
    _sound: int = field(default=0, init=False)
    _complete: bool = field(default=False, init=False)

    def add(self, piece: str, overdue_s: float) -> Reason | None:
        """Take the text of one more token; tell why the answer is complete, once it is.

        `overdue_s` is negative as long as there is time.
        """
        begun = len(self.text)
        if self._ends_word(piece):
            self._sound = begun
        self.text += piece
        self._tokens += 1
        # A stop string that began in an earlier piece cuts into what was passed on already.
        ends = [
            at
            for stop in self.stops
            if (at := self.text.find(stop, max(0, begun - len(stop)))) >= 0
        ]
        if ends:
            return self._end(min(ends), "stop")
        if self._tokens >= self.max_tokens:
            return self._end(len(self.text), "length")
        if self.patience_s and overdue_s > 0:
            return self._out_of_time(begun, overdue_s)
        return None

    def _out_of_time(self, begun: int, overdue_s: float) -> Reason | None:
        lines, newline, _ = self.text.rpartition("\n")
        if newline and lines.strip():
            return self._end(len(lines), "time")
        if self._sound == begun > 0 or overdue_s > self.patience_s:
            return self._end(self._sound, "time")
        return None

    @property
    def complete(self) -> bool:
        """Whether `add` returned a reason."""
        return self._complete

    def _end(self, kept: int, reason: Reason) -> Reason:
        self.kept, self._complete = kept, True
        return reason

    def _ends_word(self, following: str) -> bool:
        """Tell whether the text before `following` is whole: no open bracket, string or word."""
        text = self.text
        if not _COMPLETE.search(text) or (following[:1].isalnum() or following[:1] == "_"):
            return False
        return not _EXPECTING.search(text) and not _opens(text)


def _opens(text: str) -> bool:
    """Tell whether `text` leaves a bracket or a string open that it opened itself."""
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
