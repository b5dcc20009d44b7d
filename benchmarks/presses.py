"""The keys of a replayed session and the figures made of them; `benchmarks.replay` defines both."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from benchmarks.report import Figures, mean, percentile

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from tests.harness.client import Pending

PAUSE_S = 0.3
"""Seconds without a key in which a typist sees ghost text."""

Outcome = Literal["ghost", "empty", "replaced", "unanswered"]


@dataclass
class Press:
    """One key: when its `didChange` was sent (`time.perf_counter`), and what came of its request.

    `before` is the text of the caret's line before it, `following` the text that is typed next.
    `report` is the server's `slm-lsp/timings` about the answer, where there was one. `pause_s` is
    the time until the next key.
    """

    version: int
    sent_at: float
    pending: Pending
    awaited: bool = False
    before: str = ""
    following: str = ""
    pause_s: float = 0.0
    recovering: bool = False
    accepted: bool = False
    answered_at: float = 0.0
    report: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        """Take the time when the answer is read, not when somebody looks at it."""
        self.pending.answer.add_done_callback(self._take_time)

    def _take_time(self, _answer: asyncio.Future[Any]) -> None:
        self.answered_at = time.perf_counter()

    @property
    def answered(self) -> bool:
        """Whether an answer of any kind has come."""
        return self.pending.answer.done()

    @property
    def outcome(self) -> Outcome:
        """What the request came to; errors count as no answer, the server never sends one here."""
        answer = self.pending.answer
        if not answer.done() or answer.cancelled() or answer.exception() is not None:
            return "unanswered"
        result = answer.result()
        if result is None:
            return "replaced"
        return "ghost" if result["items"] else "empty"

    @property
    def ghost_ms(self) -> float | None:
        """Milliseconds to ghost text, or None for a key whose request was replaced."""
        shown = self.outcome in ("ghost", "empty")
        return (self.answered_at - self.sent_at) * 1e3 if shown else None

    @property
    def ghost(self) -> str:
        """The text that was offered behind the caret, empty if there was none.

        Positions count UTF-16 units; the files that are typed are ASCII.
        """
        if self.outcome != "ghost":
            return ""
        item = self.pending.answer.result()["items"][0]
        shown: str = item["insertText"][len(self.before) - item["range"]["start"]["character"] :]
        return shown

    @property
    def right(self) -> bool:
        """Whether the typist then types the text that was offered."""
        return bool(self.ghost) and self.following.startswith(self.ghost)

    @property
    def at_pause(self) -> bool:
        """Whether a pause of `PAUSE_S` or more followed within a line."""
        return self.pause_s >= PAUSE_S and self.following[:1] not in ("", "\n")

    @property
    def shown_in_pause(self) -> bool:
        """Whether there was ghost text before the pause was over."""
        return bool(self.ghost) and self.answered_at - self.sent_at < self.pause_s

    @property
    def from_model(self) -> bool:
        """Whether the model was asked for this answer."""
        return self.report is not None and self.report["timings"]["prompt_tokens"] > 0

    def row(self) -> dict[str, Any]:
        """Return everything but the text."""
        report = self.report or {}
        return {
            "outcome": self.outcome,
            "ghost_ms": self.ghost_ms,
            "awaited": self.awaited,
            "recovering": self.recovering,
            "accepted": self.accepted,
            "right": self.right,
            "pause_ms": self.pause_s * 1e3,
            "cache_hit": report.get("cacheHit"),
            "dropped": report.get("dropped"),
            **report.get("timings", {}),
        }


def figures(presses: Sequence[Press], recoveries_ms: Sequence[float]) -> Figures:
    """Return the figures that `benchmarks.replay` promises."""
    typed = [press for press in presses if not press.recovering]
    ghosts = [ms for press in typed if (ms := press.ghost_ms) is not None]
    awaited = [ms for press in typed if press.awaited and (ms := press.ghost_ms) is not None]
    reports = [press.report for press in typed if press.report is not None]
    hits = [press for press in typed if press.report is not None and press.report["cacheHit"]]
    through = [ms for press in hits if (ms := press.ghost_ms) is not None]
    evaluated = [report["timings"]["evaluated_tokens"] for report in reports]
    generated = [
        press.report["timings"]["generated_tokens"]
        for press in typed
        if press.from_model and press.report
    ]
    return {
        "ghost_p50_ms": percentile(ghosts, 50),
        "ghost_p95_ms": percentile(ghosts, 95),
        "ghost_p99_ms": percentile(ghosts, 99),
        "awaited_p50_ms": percentile(awaited, 50),
        "awaited_p95_ms": percentile(awaited, 95),
        "typed_through_p95_ms": percentile(through, 95),
        "evaluated_tokens_per_key_p50": percentile(evaluated, 50),
        "evaluated_tokens_per_key_mean": mean(evaluated),
        "generated_tokens_per_request_mean": mean(generated),
        "cache_hit_rate": len(hits) / len(reports) if reports else None,
        "requests": len(presses),
        "superseded": sum(press.outcome == "replaced" for press in presses),
        "shown": sum(press.outcome == "ghost" for press in presses),
        "accepted": sum(press.accepted for press in presses),
        "right_keys": sum(press.right for press in presses),
        "pauses": sum(press.at_pause for press in presses),
        "shown_at_pauses": mean([press.shown_in_pause for press in presses if press.at_pause]),
        "unanswered": sum(press.outcome == "unanswered" for press in presses),
        "kills": len(recoveries_ms),
        "recovery_p50_ms": percentile(recoveries_ms, 50),
        "recovery_max_ms": max(recoveries_ms, default=None),
    }
