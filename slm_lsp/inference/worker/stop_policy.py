"""When an answer is complete: at a stop string, at its longest, or when to go on makes no sense.

That is when its time is over, which ends it at a place where it may end (`phrase`), or when the
model has become too unsure of it: cutting there while writing left three times the precision of
all that would have been written, and a fifth of the tokens (256 holes, default model, 0.5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from slm_lsp.text.boundaries import may_end, splits_word

SURE_OF_HEAD = 0.8
"""Joint probability that a line which opens a block must have for its body to be written, too."""

Reason = Literal["stop", "length", "time", "doubt"]


@dataclass
class StopPolicy:
    """Watches one answer grow.

    Once it is overdue it ends at the next place where it may; after `patience_s` more seconds it
    is cut back to the last one. A patience of 0 means that there is all the time in the world.
    When the joint probability of its tokens falls below `min_confidence` (0 to 1) it is cut back
    to the last whole line before, or within the first one to the last whole word.

    A first line that ends with the character `opener` opens a block. If the model is sure of it,
    no stop string ends the answer there or later: the body follows.
    """

    stops: tuple[str, ...]
    max_tokens: int
    patience_s: float = 0.0
    min_confidence: float = 0.0
    opener: str = ""
    text: str = field(default="", init=False)
    kept: int = field(default=0, init=False)
    """Length of the text that holds (code points), once `add` returned a reason."""
    complete: bool = field(default=False, init=False)
    """Whether `add` returned a reason."""
    _in_body: bool = field(default=False, init=False)
    _tokens: int = field(default=0, init=False)
    _logprob: float = field(default=0.0, init=False)
    _word: int = field(default=0, init=False)  # where the last whole word ends
    _whole: int = field(default=0, init=False)  # where the text could have ended

    def add(self, piece: str, logprob: float, overdue_s: float) -> Reason | None:
        """Take one more token; tell why the answer is complete, once it is.

        `logprob` is the natural logarithm of the token's probability; `overdue_s` is negative as
        long as there is time.
        """
        begun = len(self.text)
        if not splits_word(self.text, piece):
            self._word = begun
        if self.patience_s and may_end(self.text, piece):
            self._whole = begun
        self._tokens += 1
        self._logprob += logprob
        if math.exp(self._logprob) < self.min_confidence:
            return self._end(self._whole_lines() or self._word, "doubt")
        self.text += piece
        if (stop := self._stop(begun)) is not None:
            return self._end(stop, "stop")
        if self._tokens >= self.max_tokens:
            return self._end(len(self.text), "length")
        if self.patience_s and overdue_s > 0:
            return self._out_of_time(begun, overdue_s)
        return None

    def _stop(self, begun: int) -> int | None:
        # One that began in an earlier piece cuts into what was passed on already.
        starts = ((stop, max(0, begun - len(stop))) for stop in self.stops)
        found = [at for stop, start in starts if (at := self.text.find(stop, start)) >= 0]
        if found and self._opens_block(min(found)):
            self._in_body = True
        return None if self._in_body else min(found, default=None)

    def _opens_block(self, end: int) -> bool:
        head = self.text[:end].rstrip()
        sure = math.exp(self._logprob) >= SURE_OF_HEAD
        return sure and bool(self.opener) and head.endswith(self.opener)

    def _whole_lines(self) -> int:
        """Return the length of the whole lines; 0 where there is none with text."""
        lines = self.text.rpartition("\n")[0]
        return len(lines) if lines.strip() else 0

    def _out_of_time(self, begun: int, overdue_s: float) -> Reason | None:
        if lines := self._whole_lines():
            return self._end(lines, "time")
        if self._whole == begun > 0 or overdue_s > self.patience_s:
            return self._end(self._whole, "time")
        return None

    def _end(self, kept: int, reason: Reason) -> Reason:
        self.kept, self.complete = kept, True
        return reason
