"""What computes on this machine: named here, so that it can be told without loading the runtime."""

from __future__ import annotations

import msgspec

NATIVE = "native"
"""The variant of a runtime that was built for this very processor."""


class Device(msgspec.Struct, frozen=True):
    """Something that computes; `free_bytes` of its memory were free when it was asked."""

    name: str
    description: str
    is_card: bool
    free_bytes: int


class Backends(msgspec.Struct, frozen=True):
    """What the runtime computes with on this machine.

    `cardless` names the kinds of graphics cards that it was built for and finds none of.
    `cpu_variant` is the generation of processors whose library was chosen, `NATIVE` where there is
    no choice, empty where the system does not tell. `cpu_features` are the instruction sets in use.
    AMX is not where `defect` names a compiler that got it wrong.
    """

    devices: tuple[Device, ...]
    cardless: tuple[str, ...]
    cpu_variant: str
    cpu_features: tuple[str, ...]
    defect: str = ""
