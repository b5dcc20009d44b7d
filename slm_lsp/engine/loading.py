"""From a name in the model store to a loaded model: the only place where model files are opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp import baseline, policy, store
from slm_lsp.engine.fake import FakeModel, read_script
from slm_lsp.errors import ModelUnusable
from slm_lsp.processors import model_threads

if TYPE_CHECKING:
    from slm_lsp.engine.endpoint import EngineOptions
    from slm_lsp.engine.model import AbortFlag, Model


def load_model(options: EngineOptions, abort: AbortFlag) -> Model:
    """Check the file's checksum and load it. Raises StoreError, PolicyError or ModelUnusable."""
    rules = policy.load()
    installed = store.permitted(options.model, rules)
    if installed.kind == "fake":
        return FakeModel(read_script(installed.path.read_bytes()))
    if missing := baseline.lacking():
        raise ModelUnusable(baseline.complaint(missing))
    # The note that spares the hashing is the user's own, so it proves nothing to an administrator.
    store.check(installed, trust_note=rules.allowed_models is None)
    # Imported here: it takes a few hundred milliseconds, which only an engine with weights owes.
    try:
        from slm_lsp.engine.llama_model import LlamaModel
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
    )
