"""The model of the settings: whether it is there, sound, allowed, fast and given enough room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp import models
from slm_lsp.doctor.finding import Finding
from slm_lsp.errors import ModelForbidden, StoreError
from slm_lsp.models import catalog, installed
from slm_lsp.models.selection import choice
from slm_lsp.platform.machine import memory_for_models, this_machine
from slm_lsp.settings import policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.models import InstalledModel
    from slm_lsp.settings.schema import Settings


def look(settings: Settings) -> Iterator[Finding]:
    """Yield what is found about the model. Raises SlmLspError where there is no more to say."""
    model = models.resolve(settings.model)
    if model.kind == "fake":
        yield Finding("model", "ok", f"{settings.model}, a script")
    else:
        yield _installed(model)
        yield _checksum(model)
        yield _speed(model)
        yield _choice(model, settings.completion.budget_ms)
    yield context(settings)


def _installed(model: InstalledModel) -> Finding:
    found = installed.get(model.name)
    detail = f"{model.name}: {found.used.quantisation}, {found.used.size / 1e6:.0f} MB, "
    detail += f"{found.licence}, from {found.origin}"
    if not installed.is_current(found):
        advice = f"`slm-lsp models pull {model.name}` brings the one of this version."
        return Finding("model", "warning", f"{detail}, as an earlier version had it", advice)
    known = catalog.known(model.name)
    if known is not None and known.limits:
        return Finding("model", "warning", detail, known.limits)
    if known is not None and known.memory > memory_for_models():
        advice = "It may not fit into this machine's memory; `slm-lsp models list` shows what does."
        return Finding("model", "warning", detail, advice)
    return Finding("model", "ok", detail)


def _checksum(model: InstalledModel) -> Finding:
    try:
        opened = models.permitted(model.name, policy.load())
        models.check(opened)
    except ModelForbidden as error:
        found = installed.get(model.name)
        made_here = found.used != found.files[0] and not found.merged
        back = f"`slm-lsp models optimize {model.name}` goes back to the file as it was shipped."
        return Finding("checksum", "failed", str(error), back if made_here else "")
    except StoreError as error:
        return Finding("checksum", "failed", str(error))
    listed = " and ".join(f"{sha256[:12]}…" for sha256 in opened.checksums)
    return Finding("checksum", "ok", f"matches the record, SHA-256 {listed}")


def _speed(model: InstalledModel) -> Finding:
    found = installed.get(model.name)
    measured = found.measured
    speed = measured.speeds.get(found.used.quantisation) if measured is not None else None
    if measured is None or speed is None:
        return Finding("speed", "ok", "not measured here; `slm-lsp bench` does")
    detail = (
        f"reads {speed.prefill_tokens_per_s:.0f} and writes {speed.decode_tokens_per_s:.0f} "
        "tokens/s, as measured when it was installed"
    )
    if measured.machine != this_machine():
        advice = f"`slm-lsp models optimize {model.name}` measures it on this machine."
        return Finding("speed", "warning", f"{detail} on another machine", advice)
    return Finding("speed", "ok", detail)


def _choice(model: InstalledModel, budget_ms: float) -> Finding:
    """Say what `model = "auto"` would be here, and why."""
    found = choice.candidates(budget_ms)
    detail = ". ".join(choice.reckoning(found, budget_ms))
    wanted = choice.best(found)
    known = catalog.known(model.name)
    if known is None or not known.auto:
        return Finding("choice", "ok", detail)
    if any(one.expected_ms is None for one in found):
        advice = "`slm-lsp models pull` measures this machine and fetches the best model for it."
        return Finding("choice", "ok", detail, advice)
    if wanted.installed:
        return Finding("choice", "ok", detail)
    advice = f"`slm-lsp models pull` fetches {wanted.name}, the best for this machine."
    return Finding("choice", "ok", detail, advice)


def context(settings: Settings) -> Finding:
    """Compare what the settings let the model read and write with the room the engine reserves."""
    budgets = settings.context
    wanted = budgets.prefix_tokens + budgets.suffix_tokens + budgets.definition_tokens
    wanted += settings.completion.max_tokens
    room = settings.engine.context_tokens
    detail = f"{wanted} of {room} tokens: {budgets.prefix_tokens} before the cursor, "
    detail += f"{budgets.suffix_tokens} after it, {budgets.definition_tokens} of definitions, "
    detail += f"{settings.completion.max_tokens} to write"
    if wanted > room:
        advice = f"Set engine.contextTokens to {wanted} at least, or lower the budgets."
        return Finding("context", "warning", detail, advice)
    return Finding("context", "ok", detail)
