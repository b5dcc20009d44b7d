"""From a name in the model store to a loaded model: the only place where model files are opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp import models
from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.worker.fake import FakeModel, read_script
from slm_lsp.platform import cpu_features
from slm_lsp.platform.machine import model_threads
from slm_lsp.settings import policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from slm_lsp.inference.endpoint import EngineOptions
    from slm_lsp.inference.model import AbortFlag, Model

STEPS = 20
"""How often a load's progress is told at the most."""


def load_model(
    options: EngineOptions,
    abort: AbortFlag,
    progress: Callable[[float], None] = lambda _share: None,
) -> Model:
    """Check the file's checksum and load it. Raises StoreError, PolicyError or ModelUnusable.

    `progress` hears, in the calling thread, which share of the weights was loaded (0 to 1).
    """
    rules = policy.load()
    installed = models.permitted(options.model, rules)
    if installed.kind == "fake":
        return FakeModel(read_script(installed.path.read_bytes()), progress)
    if missing := cpu_features.missing_features():
        raise ModelUnusable(cpu_features.complaint(missing))
    # The note that spares the hashing is the user's own, so it proves nothing to an administrator.
    models.check(installed, trust_note=rules.allowed_models is None)
    # Imported here: it takes a few hundred milliseconds, which only an engine with weights owes.
    try:
        from slm_lsp.inference.llama.model import LlamaModel
    except (OSError, RuntimeError) as error:  # what the one for graphics cards needs, for instance
        raise ModelUnusable(
            f"The model runtime cannot be loaded: {error}. Install the library that it names, or "
            "the runtime for this machine."
        ) from error

    threads = options.threads or model_threads()
    return LlamaModel(
        installed.path,
        threads=threads,
        context_tokens=options.context_tokens,
        parked_bytes=options.parked_bytes,
        fim=options.fim,
        gpu_layers=options.gpu_layers,
        adapter=installed.adapter,
        abort=abort,
        progress=progress,
    )


def in_steps(report: Callable[[float], None]) -> Callable[[float], None]:
    """Return what passes a growing share on to `report`, rounded down to one of `STEPS`, once."""
    last = 0

    def progress(share: float) -> None:
        nonlocal last
        if (step := int(share * STEPS)) > last:
            last = step
            report(step / STEPS)

    return progress
