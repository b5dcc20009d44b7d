"""The one place where an error becomes a reply and a line in the log."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcException, JsonRpcInternalError

from slm_lsp.errors import SlmLspError, type_and_place

if TYPE_CHECKING:
    from slm_lsp.server.session import Session

Handler = Callable[["Session", Any], Any]
"""Takes the session and the message's parameters; what it returns, or awaits, is the reply."""

log = logging.getLogger(__name__)


def guarded(method: str, handler: Handler) -> Callable[..., Any]:
    """Wrap `handler` so that whatever goes wrong in it is answered and logged without any code.

    The message of an unexpected exception may quote the user's text, so only its type and the
    places in our own source are logged.
    """

    @functools.wraps(handler)
    async def run_async(ls: Session, params: Any = None) -> Any:
        try:
            return await handler(ls, params)
        except Exception as error:  # noqa: BLE001 (the boundary)
            raise _reply(method, error) from None

    @functools.wraps(handler)
    def run(ls: Session, params: Any = None) -> Any:
        try:
            return handler(ls, params)
        except Exception as error:  # noqa: BLE001 (the boundary)
            raise _reply(method, error) from None

    return run_async if inspect.iscoroutinefunction(handler) else run


def _reply(method: str, error: Exception) -> JsonRpcException:
    if isinstance(error, JsonRpcException):
        return error
    if isinstance(error, SlmLspError):
        log.warning("%s: %s", method, error)
        return JsonRpcInternalError(str(error))
    log.error("%s failed: %s", method, type_and_place(error))
    return JsonRpcInternalError(f"{method} failed ({type(error).__name__}); the log says where.")
