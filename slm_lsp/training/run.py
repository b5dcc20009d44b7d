"""How long a run is to be, and how far it has come."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from slm_lsp.training.checkpoint import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

WARM_UP = 0.05
"""The share of the steps in which the learning rate rises; then it falls to nothing in a line."""

PATIENCE = 2
"""Looks at the held-out rows with a worse loss after which training ends."""

WORSE = 1.01
"""Times the lowest loss: less is what a few rows cannot tell. The learning rate falls to the end of
a run, and its last tenth brings more than that."""

LEAST_STEPS = 5
"""Steps between two looks at the held-out rows."""


class TrainingConfig(msgspec.Struct, frozen=True):
    """What is asked of a run: it ends after `tokens`, or after `minutes`, whatever is sooner.

    0 is no limit, and one of the two must be set. A step learns from `batch_rows` rows, of which
    `rows_at_once` are computed at a time. There are `looks` at held-out rows.
    """

    learning_rate: float
    batch_rows: int
    rows_at_once: int
    tokens: int = 0
    minutes: float = 0.0
    seed: int = 0
    looks: int = 10


class Plan(msgspec.Struct, frozen=True):
    """A run, once it is known how long it is. It is kept with each checkpoint and never changes."""

    wishes: TrainingConfig
    steps: int
    data: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: `tokens` seen, the last step's loss, the speed (tokens/s), seconds left."""

    step: int
    steps: int
    tokens: int
    loss: float
    speed: float
    left_s: float
    held_out: float | None


class TrainingRun:
    """A run from where this process took it up: `step` is the next one, `best` the best weights."""

    def __init__(self, plan: Plan, start: Checkpoint, tokens_per_step: float) -> None:
        self.step, self.best = start.step, start.best
        self._plan, self._start, self._tokens_per_step = plan, start, tokens_per_step
        self._curve = list(start.curve)
        self._begun = time.perf_counter()

    @property
    def over(self) -> bool:
        """Whether all steps are done, or further ones would be of no use."""
        return self.step >= self._plan.steps or has_ended(self._curve)

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        steps = self._plan.steps
        warm = max(1, round(WARM_UP * steps))
        share = min((self.step + 1) / warm, (steps - self.step) / max(1, steps - warm))
        return self._plan.wishes.learning_rate * share

    @property
    def look_is_due(self) -> bool:
        """Whether it is time to look at the held-out rows."""
        every = max(LEAST_STEPS, self._plan.steps // self._plan.wishes.looks)
        return self.step % every == 0 or self.step == self._plan.steps

    def looked(self, loss: float) -> bool:
        """Take note of the `loss` on the held-out rows (nats a token); tell if it is the best.

        It is, too, if the rows cannot tell it from the lowest: then what has seen more is better.
        """
        self._curve.append((round(self.step * self._tokens_per_step), loss))
        return loss <= WORSE * min(it[1] for it in self._curve)

    def progress(self, loss: float) -> Progress:
        """Return how far it is, after a step with this `loss` (nats a token)."""
        taken = self.step - self._start.step
        speed = taken * self._tokens_per_step / (time.perf_counter() - self._begun)
        return Progress(
            step=self.step,
            steps=self._plan.steps,
            tokens=round(self.step * self._tokens_per_step),
            loss=loss,
            speed=speed,
            left_s=(self._plan.steps - self.step) * self._tokens_per_step / speed,
            held_out=self._curve[-1][1] if self._curve else None,
        )

    def checkpoint(self, weights: dict[str, torch.Tensor], optimizer: dict[str, Any]) -> Checkpoint:
        """Return what it takes to go on from here, with the present `weights` and `optimizer`."""
        seconds = self._start.seconds + time.perf_counter() - self._begun
        plan, curve = self._start.plan, self._curve
        return Checkpoint(plan, self.step, seconds, weights, optimizer, curve, self.best)


def has_ended(curve: Sequence[tuple[int, float]]) -> bool:
    """Tell whether the last `PATIENCE` looks have all been worse than one before."""
    losses = [it[1] for it in curve]
    return len(losses) > PATIENCE and min(losses[-PATIENCE:]) > WORSE * min(losses[:-PATIENCE])
