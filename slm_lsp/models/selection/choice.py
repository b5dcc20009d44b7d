"""Which model `model = "auto"` is: the largest whose ghost text comes in time on this machine.

The catalog marks the candidates. What is expected of each is reckoned from its own speed here, if
it was measured, and else from the machine's, which a small model of random weights tells in two
seconds. Everything that reads settings gets them from `settings_of` or `resolved`, so only this
module and `interim` know of `auto`.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.errors import ModelDamaged, PolicyUnusable
from slm_lsp.models import catalog, record
from slm_lsp.models.selection import machine_speed
from slm_lsp.platform.machine import memory_for_models, this_machine
from slm_lsp.settings import policy
from slm_lsp.settings.schema import AUTO, MIN_CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from slm_lsp.models.catalog import CatalogModel
    from slm_lsp.models.record import Record
    from slm_lsp.settings.schema import Settings
    from slm_lsp.settings.sources import Problem, Source

APPEND_STEPS = 1.5
"""Steps of writing that it takes to read what a key added: one or two tokens as a batch (measured,
Qwen2.5-Coder-0.5B as Q8_0 on two cores with AMX: a batch of two takes 1.46 steps)."""

SOUND_TOKENS = 4
"""Tokens written until code may end for the first time: the median of 126 answers to holes in seven
languages (tune split, Qwen2.5-Coder-0.5B)."""


MEASURED_TYPE, OTHER_COST = "Q8_0", 1.6
"""The type of weights that the machine's speed was measured with, and the time of a byte of another
in times of one of that: Qwen2.5-Coder-1.5B (Q4_K_M) writes 10.2 GB/s where Q8_0 writes 16.5."""


DISTURBED = 0.5
"""A model that was measured slower than this share of what is reckoned was measured beside other
work: with one of two cores busy it writes 9 instead of 40 tokens/s. The reckoning then counts; it
was at most a quarter too fast (docs/models.md)."""


class Candidate(msgspec.Struct, frozen=True):
    """One model that `auto` may be.

    `expected_ms` is the time from a key that asks the model to the first sound text, None where
    nothing was measured yet. `in_time` tells whether that is within the budget.
    """

    name: str
    expected_ms: float | None
    installed: bool
    in_time: bool

    def sentence(self, budget_ms: float) -> str:
        """Return the reckoning for people."""
        if self.expected_ms is None:
            return f"{self.name}: not measured on this machine"
        verdict = "in time" if self.in_time else "too slow"
        return f"{self.name}: {self.expected_ms:.0f} of {budget_ms:.0f} ms expected, {verdict}"


def candidates(budget_ms: float) -> tuple[Candidate, ...]:
    """Return the models that `auto` may be, the largest first.

    Those that the administrator forbids are none. Reads some small files, and measures nothing.
    """
    rate = machine_speed.known()
    found = (_candidate(model, budget_ms, rate) for model in _permitted())
    return tuple(found)


def best(found: Sequence[Candidate]) -> Candidate:
    """Return the largest that is in time, or the smallest of all.

    Where nothing was measured, the first one of the catalog is.
    """
    if all(one.expected_ms is None for one in found):
        order = [model.name for model in catalog.models()]
        return min(found, key=lambda one: order.index(one.name))
    return next((one for one in found if one.in_time), found[-1])


def reckoning(found: Sequence[Candidate], budget_ms: float) -> list[str]:
    """Return a line for each of the candidates `found`, with which of them is the best."""
    taken = best(found) if found else None
    return [
        one.sentence(budget_ms) + ("; the best for this machine" if one == taken else "")
        for one in found
    ]


def settings_of(given: Iterable[Source]) -> tuple[Settings, tuple[Problem, ...]]:
    """Return what the sources `given` say below the policy, `resolved`, and what is wrong in them.

    Raises PolicyUnusable.
    """
    settings, problems = policy.settings(given)
    return resolved(settings), problems


def resolved(settings: Settings) -> Settings:
    """Return `settings` with the name of a model in place of `auto`, and what depends on it.

    That is the best one of those installed, or, if none is, the best one to have.
    """
    name = settings.model
    if name == AUTO and (found := candidates(settings.completion.budget_ms)):
        name = best([one for one in found if one.installed] or found).name
    completion = settings.completion
    if completion.min_confidence == AUTO:
        model = catalog.known(name)
        least = model.min_confidence if model else MIN_CONFIDENCE
        completion = msgspec.structs.replace(completion, min_confidence=least)
    else:  # the user's own number stands, whatever is learned
        completion = msgspec.structs.replace(completion, learn=False)
    return msgspec.structs.replace(settings, model=name, completion=completion)


def _permitted() -> list[CatalogModel]:
    """Return the candidates that fit into memory and the administrator allows, the largest first.

    Where none is left, all of them are.
    """
    room = memory_for_models()
    marked = [it for it in catalog.models() if it.auto]
    every = sorted(
        [it for it in marked if it.memory <= room] or marked, key=lambda it: -it.parameters
    )
    try:
        rules = policy.load()
    except PolicyUnusable:  # opening a model raises it again
        return every
    made = ((it, it.prepared.sha256 if it.prepared else it.sha256) for it in every)
    allowed = [it for it, made in made if any(map(rules.allows_model, (it.sha256, made)))]
    return allowed or every


def _candidate(model: CatalogModel, budget_ms: float, rate: float | None) -> Candidate:
    found = None
    with contextlib.suppress(ModelDamaged):
        found = record.read(model.name)
    steps = _own_steps(found) if found is not None else None
    if rate is not None:
        made = model.prepared.quantisation if model.prepared else model.quantisation
        reckoned = rate / model.weights / (1.0 if made == MEASURED_TYPE else OTHER_COST)
        if steps is None or steps < DISTURBED * reckoned:
            steps = reckoned
    expected = (APPEND_STEPS + SOUND_TOKENS) / steps * 1e3 if steps else None
    in_time = expected is not None and expected <= budget_ms
    return Candidate(model.name, expected, found is not None, in_time)


def _own_steps(found: Record) -> float | None:
    """Return the tokens a second that an installed model writes here, None if not measured."""
    measured = found.measured
    if measured is None or measured.machine != this_machine():
        return None
    speed = measured.speeds.get(found.used.quantisation)
    return speed.decode_tokens_per_s if speed else None
