"""The model in a benchmark's own process, for what needs no server."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from slm_lsp.inference.client.launch import options_for
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.worker.loading import load_model
from slm_lsp.inference.worker.model_thread import Background
from slm_lsp.inference.worker.scheduler import Scheduler
from slm_lsp.models.runtime import CALM
from slm_lsp.models.selection import choice
from slm_lsp.settings.schema import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def default_settings() -> Settings:
    """Return the settings where nothing is set, with the model that this machine gets."""
    return choice.resolved(Settings())


@asynccontextmanager
async def engine_here(settings: Settings) -> AsyncIterator[Scheduler]:
    """Yield an engine with the model of `settings`, in the environment an engine's process has."""
    for name, value in CALM.items():
        os.environ.setdefault(name, value)
    abort = AbortFlag()
    engine = Scheduler(load_model(options_for(settings), abort), abort, Background(share=0))
    try:
        yield engine
    finally:
        await engine.close()
