"""pygls's protocol with the holes closed: every request is answered, whatever it looks like."""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol

if TYPE_CHECKING:
    from cattrs import Converter
    from pygls.lsp.server import LanguageServer

log = logging.getLogger(__name__)

_OWN_DOCUMENTS = (
    types.TEXT_DOCUMENT_DID_OPEN,
    types.TEXT_DOCUMENT_DID_CHANGE,
    types.TEXT_DOCUMENT_DID_CLOSE,
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
    types.EXIT,
)
"""Methods pygls would answer itself: its documents are copied whole at every key and split lines at
characters that are no line ends, and its exit leaves the process without closing anything."""


class Protocol(LanguageServerProtocol):
    """Dispatches messages to the handlers of `server`."""

    def __init__(self, server: LanguageServer, converter: Converter) -> None:
        super().__init__(server, converter)
        for method in _OWN_DOCUMENTS:
            del self.fm.builtin_features[method]
        self._initialized = False
        self._answered: int | str | None = None
        self._caught_up = asyncio.Event()

    @property
    def was_shut_down(self) -> bool:
        """Whether the client sent `shutdown`, after which only `exit` is allowed."""
        return self._shutdown

    async def catch_up(self, body: bytes, number: int | str) -> None:
        """Handle request `number`, whose answer the client has, before anything that follows it."""
        self._answered = number
        self.receive(body)
        await self._caught_up.wait()

    def receive(self, body: bytes) -> None:
        """Handle one message. Never raises."""
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            self._refuse(None, types.ErrorCodes.ParseError, "The message is not valid JSON.")
            return
        number = data.get("id") if isinstance(data, dict) else None
        if not isinstance(data, dict) or data.get("jsonrpc") != self.VERSION:
            self._refuse(number, types.ErrorCodes.InvalidRequest, "This is not JSON-RPC 2.0.")
            return
        method = data.get("method")
        if isinstance(method, str) and (reason := self._out_of_order(method)):
            if number is not None:
                self._refuse(number, *reason)
            return
        try:
            message = self.structure_message(data)
        except JsonRpcException:
            log.warning("a %s with parameters that make no sense", method or "reply")
            if isinstance(method, str) and number is not None:
                self._refuse(number, types.ErrorCodes.InvalidParams, "The parameters are invalid.")
            return
        self._initialized = self._initialized or method == types.INITIALIZE
        try:
            self.handle_message(message)
        except Exception as error:  # noqa: BLE001 (handlers are guarded: this is pygls's own)
            log.warning("a %s that cannot be handled (%s)", method, type(error).__name__)

    def handle_message(self, message: Any) -> None:
        """Let the handler of `message` run, in a context of its own.

        pygls asks `isinstance` with runtime protocols first, which takes as long as an edit.
        """
        run, method = contextvars.copy_context().run, getattr(message, "method", None)
        if method is None:
            result, error = getattr(message, "result", None), getattr(message, "error", None)
            run(self._handle_response, message.id, result, error)
        elif hasattr(message, "id"):
            run(self._handle_request, message.id, method, message.params)
        else:
            run(self._handle_notification, method, message.params)

    def _send_response(
        self,
        msg_id: int | str,
        result: Any | None = None,
        error: types.ResponseError | None = None,
    ) -> None:
        """Answer, unless the handshake has answered this request already."""
        if msg_id == self._answered and not self._caught_up.is_set():
            self._caught_up.set()
            return
        super()._send_response(msg_id, result, error)

    def _out_of_order(self, method: str) -> tuple[int, str] | None:
        """Return why `method` is not allowed now, or None."""
        if method == types.EXIT:
            return None
        if self._shutdown:
            return types.ErrorCodes.InvalidRequest, "The server was shut down."
        if not self._initialized and method != types.INITIALIZE:
            return types.ErrorCodes.ServerNotInitialized, "The server is not initialized."
        if self._initialized and method == types.INITIALIZE:
            return types.ErrorCodes.InvalidRequest, "The server is initialized already."
        return None

    def _refuse(self, number: Any, code: int, message: str) -> None:
        self._send_response(number, error=types.ResponseError(code=int(code), message=message))
