"""Which model answers while the one that `auto` has chosen is being loaded.

The smallest candidate does, where the load takes long enough to be worth another process: the file
comes from a disk, or is large. It is one that is installed; nothing is fetched for it.
"""

from __future__ import annotations

import msgspec

from slm_lsp.errors import StoreError
from slm_lsp.models import catalog, installed
from slm_lsp.models.selection import choice
from slm_lsp.platform.disk import read_seconds
from slm_lsp.platform.machine import memory_for_models
from slm_lsp.settings.schema import AUTO, Settings

LOAD_BYTES_S = 0.5e9
"""Bytes a second from memory to a model that answers (Qwen2.5-Coder-0.5B as Q8_0, whose weights
llama.cpp puts into another order for AMX: 0.6 to 1.4 s for 464 MB on two cores, shared)."""

WORTHWHILE_S = 2.0
"""Seconds that a load must be expected to take. The small model takes 0.9 s from the start of its
process to its first ghost text, by which the other one comes later."""


def interim_settings(given: Settings, chosen: Settings) -> Settings | None:
    """Return the settings of the model that answers while that of `chosen` is loaded, or None.

    `given` are the settings that `chosen` was resolved from: only `auto` leaves the choice to this
    program. Reads some small files, and up to 4 MB of the model's.
    """
    if given.model != AUTO:
        return None
    budget_ms = chosen.completion.budget_ms
    smaller = [one.name for one in choice.candidates(budget_ms) if one.installed]
    if chosen.model not in smaller or smaller[-1] == chosen.model:
        return None
    small, large = catalog.find(smaller[-1]), catalog.find(chosen.model)
    if small.memory + large.memory > memory_for_models() or _seconds_to_load(large) < WORTHWHILE_S:
        return None
    # One of its own leaves as soon as this server does not need it any more.
    engine = msgspec.structs.replace(chosen.engine, sharing="private")
    return choice.resolved(msgspec.structs.replace(given, model=small.name, engine=engine))


def _seconds_to_load(model: catalog.CatalogModel) -> float:
    """Return how long loading an installed model takes, 0 where that cannot be told."""
    try:
        path = installed.resolve(model.name).path
        return path.stat().st_size / LOAD_BYTES_S + read_seconds(path)
    except (StoreError, OSError):  # loading it will say so
        return 0.0
