"""Where a training stands, on disk: what is needed to go on as if nothing had happened.

The order of the data follows from the seed and the step, and nothing else is left to chance, so
there is no random state to keep.
"""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from slm_lsp.errors import TuneRefused

if TYPE_CHECKING:
    from pathlib import Path

FILE = "checkpoint.pt"

_UNREADABLE = (
    *(OSError, EOFError, RuntimeError, TypeError, LookupError, ValueError),
    pickle.UnpicklingError,
)
"""What PyTorch raises for a file that it has not written so."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """After `step` steps of the run that `plan` describes, which took `seconds`.

    `weights` are those that are trained, `optimizer` its state. `curve` has the held-out loss (nats
    a token) by tokens seen, and `best` the last weights than which none did better,
    as far as the held-out rows can tell.
    """

    plan: dict[str, Any]
    step: int
    seconds: float
    weights: dict[str, torch.Tensor]
    optimizer: dict[str, Any]
    curve: list[tuple[int, float]] = field(default_factory=list)
    best: dict[str, torch.Tensor] = field(default_factory=dict)


def save(folder: Path, state: Checkpoint) -> None:
    """Put `state` in place of the last one, in one step. Raises TuneRefused for the disk."""
    part = folder / f"{FILE}.part"
    try:
        with part.open("wb") as file:
            torch.save({name: getattr(state, name) for name in Checkpoint.__slots__}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / FILE)
    except OSError as error:
        part.unlink(missing_ok=True)  # it may be what fills the disk
        raise TuneRefused(
            f"{folder} cannot be written ({error.strerror}); make room, and the same command goes "
            "on from the last checkpoint."
        ) from None


def load(folder: Path) -> Checkpoint | None:
    """Return what was saved last, or None. Raises TuneRefused for a file that cannot be read."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        return Checkpoint(**torch.load(path, map_location="cpu", weights_only=True))
    except _UNREADABLE as error:
        reason = str(error).partition("\n")[0]
        raise TuneRefused(f"{path} cannot be read ({reason}); remove it to start anew.") from None
