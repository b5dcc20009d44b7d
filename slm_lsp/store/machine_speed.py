"""How fast this machine writes: bytes of weights a second, as a small model of random ones tells.

Writing one token goes through all weights once, so the time grows with their size. The figure is
kept in the store, and measured again on another machine or with another runtime.

<store>/machine.json
"""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.processors import model_threads
from slm_lsp.store import record, runtime
from slm_lsp.store.machine import this_machine
from slm_lsp.store.record import TYPICAL
from slm_lsp.store.writing import workplace

if TYPE_CHECKING:
    from slm_lsp.store.writing import Progress

_FILE = "machine.json"

EMBEDDING_BYTES = 15_232_000
"""Of the file that `prepare.synthetic` makes: the embedding, which is looked up, not multiplied."""


class _Kept(msgspec.Struct, frozen=True):
    machine: str
    runtime: str
    bytes_per_s: float


def known() -> float | None:
    """Return the bytes of weights a second that were measured here, or None."""
    try:
        kept = msgspec.json.decode((record.root() / _FILE).read_bytes(), type=_Kept)
    except (OSError, ValueError):
        return None
    here = (this_machine(), _runtime())
    return kept.bytes_per_s if (kept.machine, kept.runtime) == here else None


def measure(progress: Progress) -> float:
    """Return the same, measured now where it is not known. Raises ModelUnusable, StoreError."""
    if (there := known()) is not None:
        return there
    with workplace(progress) as work:
        progress("measure this machine", 0, 0)
        path = work / "synthetic.gguf"
        runtime.run(str(path), module="prepare.synthetic")
        [speed] = runtime.measure(path, model_threads(), [TYPICAL])
        rate = speed.decode_tokens_per_s * (path.stat().st_size - EMBEDDING_BYTES)
        kept = _Kept(this_machine(), _runtime(), rate)
        record.replace(record.root() / _FILE, msgspec.json.encode(kept))
    return rate


def _runtime() -> str:
    try:
        return importlib.metadata.version("llama-cpp-python")
    except importlib.metadata.PackageNotFoundError:
        return ""
