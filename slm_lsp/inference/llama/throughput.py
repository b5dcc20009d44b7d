"""How fast this machine is, as far as it has shown, and what it can therefore do in time."""

from __future__ import annotations

LEAST_TOKENS = 96
"""About ten lines: with less there is nothing to go by, however slow the machine."""

ANSWER_TOKENS = 8
"""Tokens of the answer that time is left for when it is decided how much of a prompt to read."""

SMOOTHING = 0.3
"""Weight of the newest measurement, so that a short stall does not count for long."""

FIRST_BATCH = 32
"""Tokens of the first batch of a prompt at the least; fewer say little about the speed of many."""

FIRST_BATCH_S = 0.1
"""Seconds the first batch may take, which is less than between two keys. Small ones are slower:
187 tokens take 260 ms as 32 + 64 + 91, and 200 ms as 96 + 91 (default model, 2 cores)."""


GUESS_WORTH = 2.0
"""Steps that a batch with guessed tokens may take the time of."""


FORGOTTEN = 0.995
"""What is left of the time of guesses after each step without one."""


class Throughput:
    """Seconds a token, of prompts read and of answers written. 0 as long as nothing was seen."""

    def __init__(self) -> None:
        self.read_s = 0.0
        self.write_s = 0.0
        self.guess_s = 0.0
        """Of a token written together with some guessed ones."""

    @property
    def guesses_pay(self) -> bool:
        """Whether guessed tokens are worth their rows in a batch: until it is known, they are."""
        return self.guess_s < GUESS_WORTH * self.write_s or not self.guess_s

    def affordable(self, budget_s: float) -> int:
        """Return how many tokens of a prompt can be read so that an answer comes in time.

        They are never fewer than `LEAST_TOKENS`.
        """
        if not self.read_s:
            return LEAST_TOKENS
        return max(LEAST_TOKENS, int((budget_s - ANSWER_TOKENS * self.write_s) / self.read_s))

    def first_batch(self) -> int:
        """Return how many tokens of a prompt to read at once at first."""
        return max(FIRST_BATCH, int(FIRST_BATCH_S / self.read_s)) if self.read_s else FIRST_BATCH

    def read(self, tokens: int, seconds: float) -> None:
        """Learn from `tokens` having been read at once in `seconds`."""
        if tokens >= FIRST_BATCH:
            self.read_s = _smoothed(self.read_s, seconds / tokens)

    def wrote(self, seconds: float) -> None:
        """Learn from one token having been written in `seconds`."""
        self.write_s = _smoothed(self.write_s, seconds)
        self.guess_s *= FORGOTTEN  # one that met a stall is tried again

    def guessed(self, seconds: float) -> None:
        """Learn from one token having been written in `seconds`, together with guessed ones."""
        self.guess_s = _smoothed(self.guess_s, seconds)


def _smoothed(known: float, new: float) -> float:
    return known + SMOOTHING * (new - known) if known else new
