"""What the indexing process tells the server."""

from __future__ import annotations

from typing import Literal

import msgspec


class Report(msgspec.Struct, frozen=True):
    """How far a run is: `files` looked at, of which `read` were read; why it `failed`."""

    state: Literal["running", "done", "failed"]
    files: int
    read: int
    failed: str = ""
