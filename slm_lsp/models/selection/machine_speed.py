"""How fast this machine writes: bytes of weights a second, as a small model of random ones tells.

Writing one token goes through all weights once, so the time grows with their size. The figure is
kept in the store, and measured again on another machine or with another runtime.

<store>/machine.json
"""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.models import record, runtime
from slm_lsp.models.directory import require_space, workplace
from slm_lsp.platform.machine import model_threads, this_machine

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.models.directory import Progress

_FILE = "machine.json"

EMBEDDING_BYTES = 15_232_000
"""Of the file that `prepare.synthetic` makes: the embedding, which is looked up, not multiplied."""

SYNTHETIC_BYTES = 220_000_000
"""Of that file, about."""


class _Kept(msgspec.Struct, frozen=True):
    machine: str
    runtime: str
    bytes_per_s: float


def known() -> float | None:
    """Return the bytes of weights a second that were measured here, or None.

    A store for all users may know it, too.
    """
    found = (_read(at) for at in (record.root(), *record.shared_roots()))
    return max((rate for rate in found if rate is not None), default=None)


def measure(progress: Progress) -> float:
    """Measure the same now and return the best that was ever measured here.

    Another program that keeps one of two cores busy makes the figure a third or less of what it is
    (measured: 6.3 and 1.3 for 19 GB/s), and nothing makes it too high. Raises ModelUnusable, and
    StoreError where the store cannot be written.
    """
    with workplace(progress) as work:
        progress("measure this machine", 0, 0)
        path = work / "synthetic.gguf"
        require_space(SYNTHETIC_BYTES)
        runtime.run(str(path), module="models.preparation.synthetic")
        speed = runtime.fastest(path, model_threads())
        rate = speed.decode_tokens_per_s * (path.stat().st_size - EMBEDDING_BYTES)
        rate = max(rate, known() or 0.0)
        kept = _Kept(this_machine(), _runtime(), rate)
        record.replace(record.root() / _FILE, msgspec.json.encode(kept))
    return rate


def _read(store: Path) -> float | None:
    try:
        kept = msgspec.json.decode((store / _FILE).read_bytes(), type=_Kept)
    except (OSError, ValueError):
        return None
    here = (this_machine(), _runtime())
    return kept.bytes_per_s if (kept.machine, kept.runtime) == here else None


def _runtime() -> str:
    try:
        return importlib.metadata.version("llama-cpp-python")
    except importlib.metadata.PackageNotFoundError:
        return ""
