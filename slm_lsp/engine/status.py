"""What an engine process says about itself."""

from __future__ import annotations

import msgspec


class Status(msgspec.Struct, frozen=True, tag=True):
    """What `slm-lsp engine status` prints. Sizes in bytes, times in seconds.

    `clients` are those besides the one that asks. The tokens are counted since the model was
    loaded, for whatever purpose: those of prompts and those evaluated one by one to write.
    `placement` says what computes, once the model is loaded.
    `unsealed` says why the process can still open network sockets; where it is empty it cannot.
    """

    pid: int
    model: str
    state: str
    clients: int
    requests: int
    uptime_s: float
    idle_s: float
    rss: int
    evaluated_tokens: int
    decoded_tokens: int
    placement: str
    unsealed: str
