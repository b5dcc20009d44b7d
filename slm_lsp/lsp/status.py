"""The one status the editor shows: what state the engine is in, and why."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

if TYPE_CHECKING:
    from pygls.protocol import LanguageServerProtocol

    from slm_lsp.engine.protocol import State

BUSY_AFTER_S = 0.1
"""Seconds a completion takes before it is worth a word; answers that are known never are."""

AFTERWARDS_S = 0.005
"""Seconds after a completion until its end is told."""

METHOD = "didChangeStatus"
"""The name and parameters Copilot's server uses, so its clients understand ours."""

RESTART = "slm-lsp.restartEngine"
"""The command that starts or reaches the engine anew."""

TRY_AGAIN = {"title": "Try again", "command": RESTART}

Kind = Literal["Normal", "Warning", "Error", "Inactive"]


class StatusParams(TypedDict):
    """What the notification carries; `command` is what the user can do about an error."""

    busy: bool
    kind: Kind
    message: str
    command: NotRequired[dict[str, str]]


class Status:
    """Tells the editor about changes, each once."""

    def __init__(self, protocol: LanguageServerProtocol) -> None:
        self.chats = False
        """Whether the model that was ready last follows instructions."""
        self._protocol = protocol
        self._working = 0
        self._kind: Kind = "Inactive"
        self._message = "not started"
        self._loading = False
        self._told: StatusParams | None = None

    def engine_changed(self, state: State) -> None:
        """Report a change of the engine's state."""
        self._loading = state.kind == "loading"
        match state.kind:
            case "loading":
                self._kind, self._message = "Normal", f"starting {state.model}"
            case "ready":
                self._kind, self._message = "Normal", f"{state.model} is ready"
                self.chats = state.chats
            case "failed":
                self._kind, self._message = "Error", state.detail
            case "stopped":
                self._kind, self._message = "Inactive", f"{state.model} sleeps until it is needed"
        self._tell()

    def started(self) -> None:
        """Count a completion that is being computed."""
        self._tell()  # that the last one came to its end, before this one hides it
        self._working += 1
        asyncio.get_running_loop().call_later(BUSY_AFTER_S, self._tell)

    def ended(self) -> None:
        """Count a completion that has come to its end. First its answer has to leave."""
        self._working -= 1
        asyncio.get_running_loop().call_later(AFTERWARDS_S, self._tell)

    def _tell(self) -> None:
        params = StatusParams(
            busy=self._loading or self._working > 0, kind=self._kind, message=self._message
        )
        if self._kind == "Error":
            params["command"] = TRY_AGAIN
        if params != self._told:
            self._told = params
            self._protocol.notify(METHOD, params)
