"""The one status the editor shows: what state the engine is in, and why."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

if TYPE_CHECKING:
    from pygls.protocol import LanguageServerProtocol

    from slm_lsp.inference.protocol import State

BUSY_AFTER_S = 0.1
"""Seconds a completion takes before it is worth a word; answers that are known never are."""

AFTERWARDS_S = 0.005
"""Seconds after an answer was found until anything else is done about it: first it has to leave."""

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
        self._interim = ""  # the model that answers meanwhile
        self._told: StatusParams | None = None

    def engine_changed(self, state: State) -> None:
        """Report a change of the engine's state."""
        self._loading = state.kind == "loading"
        if not self._loading:
            self._interim = ""
        match state.kind:
            case "loading":
                share = f" ({state.progress:.0%})" if state.progress else ""
                self._kind, self._message = "Normal", f"starting {state.model}{share}"
            case "ready":
                self._kind, self._message = "Normal", f"{state.model} is ready"
                self.chats = state.chats
            case "failed":
                self._kind, self._message = "Error", state.detail
            case "stopped":
                self._kind, self._message = "Inactive", f"{state.model} sleeps until it is needed"
        self._tell()

    def interim_changed(self, state: State) -> None:
        """Report a change of the engine that answers while the other loads."""
        self._interim = state.model if state.kind == "ready" else ""
        self._tell()

    def started(self) -> None:
        """Count a completion that is being computed."""
        self._tell()  # that the last one came to its end, before this one hides it
        self._working += 1
        asyncio.get_running_loop().call_later(BUSY_AFTER_S, self._tell)

    def ended(self) -> None:
        """Count a completion that has come to its end, which is told after its answer."""
        self._working -= 1
        asyncio.get_running_loop().call_later(AFTERWARDS_S, self._tell)

    def _tell(self) -> None:
        message = self._message
        if self._interim and self._loading:
            message += f"; {self._interim} answers until then"
        busy = self._loading or self._working > 0
        params = StatusParams(busy=busy, kind=self._kind, message=message)
        if self._kind == "Error":
            params["command"] = TRY_AGAIN
        if params != self._told:
            self._told = params
            self._protocol.notify(METHOD, params)
