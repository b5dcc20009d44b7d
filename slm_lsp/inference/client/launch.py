"""Starting engine processes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec

from slm_lsp import models
from slm_lsp.errors import EngineUnavailable
from slm_lsp.inference.endpoint import EngineOptions, runtime_dir, socket_path
from slm_lsp.inference.llama.offload import AUTO
from slm_lsp.models.runtime import environment

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.settings.schema import Settings


def options_for(settings: Settings) -> EngineOptions:
    """Return how the engine for `settings` is started. Reads the store; raises StoreError."""
    installed = models.resolve(settings.model)
    gpu_layers = settings.engine.gpu_layers
    return EngineOptions(
        model=settings.model,
        sha256="".join(installed.checksums),
        threads=settings.engine.threads,
        context_tokens=settings.engine.context_tokens,
        idle_s=settings.engine.idle_minutes * 60,
        background_share=settings.engine.background_share,
        parked_bytes=settings.engine.prompt_cache_megabytes * 2**20,
        fim=settings.engine.fim,
        gpu_layers=AUTO if gpu_layers == "auto" else gpu_layers,
        owner=os.getpid() if settings.engine.sharing == "private" else 0,
    )


def is_running(settings: Settings) -> bool:
    """Tell whether an engine for `settings` seems to run. Raises StoreError, EngineUnavailable."""
    return socket_path(options_for(settings)).exists()


def launch(options: EngineOptions) -> subprocess.Popen[bytes]:
    """Start an engine process, detached from this one's terminal. Raises EngineUnavailable."""
    try:
        with log_path().open("ab") as log:
            return subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "slm_lsp.inference.worker.process",
                    msgspec.json.encode(options),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=environment(),
                cwd="/",
            )
    except OSError as error:
        raise EngineUnavailable(f"The engine process cannot be started: {error}.") from error


def log_path() -> Path:
    """Return the file that takes what engine processes say when something goes wrong in them."""
    return runtime_dir() / "engine.log"
