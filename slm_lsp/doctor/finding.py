"""One line of what doctor found."""

from __future__ import annotations

from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """`detail` is what is there; `advice` what to do, where there is something to do."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    advice: str = ""
